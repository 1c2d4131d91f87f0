"""What the elements, frames or lines of one message hold, put together as a decoder's answer."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded, Rejection

MAX_REJECTED: Final = 50_000
"""In one message; one with more than that is no message of its format at all."""


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
    events: dict[Event, int] = field(default_factory=dict)  # to where it was said first
    understood: bool = False

    def take(self, index: int, said: Fix | Event | None) -> None:
        """Take what the element at `index` says, nothing perhaps."""
        self.understood = True
        if isinstance(said, Fix):
            self.fixes.append(said)
            self.indexes.append(index)
        elif said is not None:
            self.events.setdefault(said, index)

    def add(self, index: int, report: Report) -> None:
        """Take all that the frame at `index` says."""
        self.understood = True
        self.fixes += report.fixes
        self.indexes += [index] * len(report.fixes)
        for event in report.events:
            self.events.setdefault(event, index)

    def reject(self, index: int, error: ValueError | DecodeError) -> None:
        """Note that the one at `index` cannot be read; DecodeError when it is one too many."""
        self.rejected.append(Rejection(index, "malformed", str(error)))
        if len(self.rejected) > MAX_REJECTED:
            message = f"more than {MAX_REJECTED} parts of it cannot be read, the last: {error}"
            raise DecodeError(message) from error

    def gathered(self) -> Decoded:
        """Give all of it, be it nothing but what could not be read."""
        events, places = tuple(self.events), tuple(self.events.values())
        return Decoded(self.fixes, self.indexes, self.rejected, events, places)

    def decoded(self) -> Decoded:
        """Give all of it; DecodeError where nothing in the message could be read."""
        if not self.understood:
            raise DecodeError(self.rejected[0].detail if self.rejected else "the message is empty")
        return self.gathered()
