"""What the readers of track files share: how they name what cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LIMITS: Final = {"lat": 90.0, "lon": 180.0}  # degrees WGS84


class TrackFileError(ValueError):
    """A file that no track can be read from; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (of a CSV file) or track point (of a GPX file) that cannot be read."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.reason}"


def none_usable(bad: Sequence[BadLine], what: str) -> TrackFileError:
    """Return the error of a file of which all of its `what`, at least one, are in `bad`."""
    first = bad[0]
    none = f"none of its {len(bad)} {what}s can" if len(bad) > 1 else f"its only {what} cannot"
    return TrackFileError(f"{first.file}: {none} be read; {first.place}: {first.reason}")
