"""How a command on files ends when it is told to stop, or when nobody reads on."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ABOVE: Final = 128  # an exit status is this and the signal's number, as shells have it
STOPS: Final = ("SIGINT", "SIGTERM", "SIGHUP")  # by name, as not every system has each
PIPE: Final = "SIGPIPE"


@contextmanager
def stoppable() -> Iterator[None]:
    """Makes each stop one KeyboardInterrupt, after which all is put in order.

    A pipe that nobody reads ends the process at once, as it ends other programs.
    """
    before = {}
    for number in signal.Signals:
        if number.name == PIPE:
            before[number] = signal.signal(number, signal.SIG_DFL)
        # One that nohup has ignored stays so.
        elif number.name in STOPS and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status(stop: KeyboardInterrupt) -> int:
    """The exit status of a stop."""
    number: int = stop.args[0] if stop.args else signal.SIGINT
    return ABOVE + number


def _interrupt(number: int, _: FrameType | None) -> None:
    # Polars raises one itself, just before; and whoever stops twice is not to disturb the first.
    if not isinstance(sys.exception(), KeyboardInterrupt):
        raise KeyboardInterrupt(number)
