"""What the frames or lines of one message hold, put together as a decoder's answer."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded, Rejection

MAX_REJECTED: Final = 50_000
"""In one message; one with more than that is not worth a list of them."""


class Report(msgspec.Struct, frozen=True):
    """What one frame says; nothing at all where it is of a kind that holds no position."""

    fixes: tuple[Fix, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(slots=True)
class Gathering:
    """Collects what was read and what was not, each with its place in the message."""

    fixes: list[Fix] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    event_indexes: list[int] = field(default_factory=list)
    understood: bool = False

    def add(self, index: int, report: Report) -> None:
        """Take what the frame at `index` says."""
        self.understood = True
        self.fixes += report.fixes
        self.indexes += [index] * len(report.fixes)
        self.events += report.events
        self.event_indexes += [index] * len(report.events)

    def reject(self, index: int, error: ValueError | DecodeError) -> None:
        """Note that the frame at `index` cannot be read; DecodeError when it is one too many."""
        self.rejected.append(Rejection(index, "malformed", str(error)))
        if len(self.rejected) > MAX_REJECTED:
            message = f"more than {MAX_REJECTED} lines that cannot be read"
            raise DecodeError(message)

    def decoded(self) -> Decoded:
        """Give all of it; DecodeError where nothing in the message could be read."""
        if not self.understood:
            raise DecodeError(self.rejected[0].detail if self.rejected else "the message is empty")
        places = tuple(self.event_indexes)
        return Decoded(self.fixes, self.indexes, self.rejected, self.events, places)
