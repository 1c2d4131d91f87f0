"""What the readers of track files share: text by the block, and how they name what is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

BLOCK_BYTES: Final = 4 << 20  # of text read at once: twenty times as much while it is parsed
LONGEST_LINE: Final = 1 << 20  # bytes; more is no text with lines
SHOWN: Final = 100  # bad lines told one by one; of the others only how many
LIMITS: Final = {"lat": 90.0, "lon": 180.0}  # degrees WGS84
OPTIONAL: Final = ("accuracy_m", "speed_mps")


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


@dataclass(slots=True)
class BadLines:
    """Bad lines: how many, and the first `SHOWN` of them, so that a hopeless file stays small."""

    shown: list[BadLine] = field(default_factory=list)
    count: int = 0

    def add(self, shown: Sequence[BadLine], count: int) -> None:
        """Add `count` lines, of which `shown` are the first."""
        self.shown += shown[: SHOWN - len(self.shown)]
        self.count += count


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a file.

    `rows` has the columns number (of the line or track point), device (text), time_us, lat, lon,
    accuracy_m, speed_mps (NaN: unknown); `bad` are the first of the `bad_count` lines beside them.
    """

    rows: pl.DataFrame
    bad: Sequence[BadLine]
    bad_count: int
    bytes_read: int  # of the file, up to here


def line_blocks(path: Path, block_bytes: int) -> Iterator[tuple[list[str], int]]:
    """Yield the lines of a text file, some `block_bytes` at a time, and the bytes read by then.

    Lines end with LF, CR LF or, where the file begins without any LF, CR; a CR before LF stays. The
    text is UTF-8, with or without byte order mark; what is not is replaced. Raises TrackFileError
    where the file cannot be read on.
    """
    encoding, rest, read = "utf-8-sig", b"", 0
    try:
        with path.open("rb") as file:
            begin = file.peek()
            end = b"\r" if b"\r" in begin and b"\n" not in begin else b"\n"
            while content := file.read(block_bytes):
                read += len(content)
                whole, cut, rest = (rest + content).rpartition(end)
                if len(rest) > LONGEST_LINE:
                    message = f"{path} has a line of more than {LONGEST_LINE} bytes"
                    raise TrackFileError(message)
                if cut:
                    yield whole.decode(encoding, errors="replace").split(end.decode()), read
                    encoding = "utf-8"
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    if rest:
        yield [rest.decode(encoding, errors="replace")], read
