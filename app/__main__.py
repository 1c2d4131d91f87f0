"""The command line, `beatkeeper`."""

import sys

INTERRUPTED = 130  # as shells have it after Ctrl-C


def main() -> None:
    """Runs the command that was given."""
    try:
        # Ctrl-C may come while this is still being read.
        from app.cli import cli  # noqa: PLC0415

        cli()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
