"""The command line, `beatkeeper`."""

from app.cli import cli


def main() -> None:
    """Runs the command that was given."""
    cli()


if __name__ == "__main__":
    main()
