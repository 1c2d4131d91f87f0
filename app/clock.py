"""The one clock of the service and its commands; all else is given the time."""

import time


def system_clock() -> int:
    """Microseconds since the Unix epoch, by this machine's clock."""
    return time.time_ns() // 1_000  # noqa: TID251 -- the one place
