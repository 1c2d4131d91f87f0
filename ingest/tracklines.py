"""What the readers of track files share: text by the block, and how they name what is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import polars as pl

from ingest.trackkinds import BEGIN_BYTES, UTF8_MARK, known_binary, known_text
from ingest.tracksource import Source, TrackFileError

BLOCK_BYTES: Final = 4 << 20  # of text read at once: twenty times as much while it is parsed
LONGEST_LINE: Final = 1 << 20  # bytes without its end; of a longer one nothing is kept
UTF8_BYTES: Final = 4  # most that a character has
SHOWN: Final = 100  # bad lines told one by one; of the others only how many
LIMITS: Final = {"lat": 90.0, "lon": 180.0}  # degrees WGS84
OPTIONAL: Final = ("accuracy_m", "speed_mps")
ASIDE: Final = ("heading_deg", "altitude_m")  # which tell nothing of a visit
QUOTED: Final = 60  # most characters of a file's own text in a message


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (of a CSV file) or point (of another) that cannot be read."""

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

    `rows` has the columns number (of the line or point, from 1), device (text; null: nobody says),
    time_us, lat, lon, accuracy_m, speed_mps, heading_deg, altitude_m (NaN: unknown); `bad` are the
    first of the `bad_count` lines beside them.
    """

    rows: pl.DataFrame
    bad: Sequence[BadLine]
    bad_count: int
    bytes_read: int  # of the file, up to here


class Lines(NamedTuple):
    """Some of a file's lines; `faults` says by position what is wrong with those that are no text.

    Of a line that is not UTF-8 what is not is replaced; one that is too long is empty.
    """

    text: list[str]
    faults: dict[int, str]
    bytes_read: int  # of the file, up to here


def line_blocks(source: Source, block_bytes: int) -> Iterator[Lines]:
    """Yield the lines of a text file, some `block_bytes` at a time.

    Lines end with LF, CR LF or, where the file begins without any LF, CR; a CR before LF stays. The
    text is UTF-8, with or without byte order mark. Raises TrackFileError where the file cannot be
    read on, or is plainly something else.
    """
    rest, mark, file = b"", UTF8_MARK, source.file
    try:
        begin = file.peek(BEGIN_BYTES)
        check_kind(source, known_binary(begin) or known_text(begin))
        end = b"\r" if b"\r" in begin and b"\n" not in begin else b"\n"
        while content := file.read(block_bytes):
            whole, cut, rest = (rest + content).rpartition(end)
            # So much is enough to tell that it is too long, whatever is still to come.
            rest = rest[: len(UTF8_MARK) + LONGEST_LINE + 1]
            if cut:
                yield _lines(whole.removeprefix(mark), end, source.bytes_read)
                mark = b""
    except OSError as exc:
        message = f"{source.path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    if rest:
        yield _lines(rest.removeprefix(mark), end, source.bytes_read)


def check_kind(source: Source, kind: str | None) -> None:
    """Raise TrackFileError where it is known that a file is of another `kind`."""
    if kind:
        message = f"{source.path} {kind}"
        raise TrackFileError(message)


def _lines(content: bytes, end: bytes, read: int) -> Lines:
    try:
        text = content.decode().split(end.decode())
    except UnicodeDecodeError:
        pass
    else:
        if max(map(len, text)) * UTF8_BYTES <= LONGEST_LINE:
            return Lines(text, {}, read)
    text, faults = [], {}
    for position, line in enumerate(content.split(end)):
        fault = _fault(line)
        if fault:
            faults[position] = fault
        text.append("" if len(line) > LONGEST_LINE else line.decode(errors="replace"))
    return Lines(text, faults, read)


def _fault(line: bytes) -> str | None:
    if len(line) > LONGEST_LINE:
        return f"is longer than {LONGEST_LINE >> 20} MiB"
    try:
        line.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    return None


def clipped(text: str, most: int = QUOTED) -> str:
    """Return a text of a file as a message may quote it: `most` characters of it."""
    return text if len(text) <= most else text[:most] + "\u2026"
