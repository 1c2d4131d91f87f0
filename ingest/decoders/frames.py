"""Binary frames of radios, as they come: raw octets, or text with one frame in hex a line.

A line may begin with the name of the radio that the frame is from, as gateways write it where the
frame itself does not say: "2167005 0D0F22...", "2167005,0D0F22..." or "2167005: 0D0F22...".
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from ingest.decoders import rollover, undated
from ingest.decoders.bits import Bits
from ingest.decoders.gathering import Gathering, Report
from ingest.errors import DecodeError
from ingest.message import Decoded

MAX_DIGITS: Final = 4096
"""In one frame; no format that is read here comes near it."""

_SPACED: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[ \t]+[0-9A-Fa-f]{2})+")
MAX_PARTS: Final = 50_000
"""Of raw octets; a datagram holds no more."""

NAMED: Final = r"(?:(?!\d+\.\d|1\d{9}\b|1\d{12}\b)(?P<device>[\w.@-]{1,64})[ \t,;:=|]+)?"
"""A unit's name and a separator before its frame; what looks like a Unix time is no name."""

_LINE: Final = re.compile(NAMED + r"(?:0[xX])?(?P<digits>[0-9A-Fa-f]{4,})", re.ASCII)
_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\t\r\n"


class Frame(msgspec.Struct, frozen=True):
    """One frame: its hex digits, perhaps an odd number of them, and who it is said to be from."""

    digits: str
    device: str | None = None

    def bits(self) -> Bits:
        """Give the frame as bits, all of its digits."""
        return Bits(self.digits)

    def octets(self) -> bytes:
        """Give the frame as octets; ValueError where its last one is half an octet."""
        if len(self.digits) % 2:
            message = f"cut short: {len(self.digits)} hex digits do not make whole octets"
            raise ValueError(message)
        return bytes.fromhex(self.digits)


def numbered_lines(payload: bytes) -> Iterator[tuple[int, str]]:
    """Give every line that is not blank, with its number from 0, blank ones counted.

    What is not ASCII, and NUL within a line, is U+FFFD: so no name is one that cannot be kept.
    """
    for index, line in enumerate(payload.splitlines()):
        text = line.decode("ascii", "replace").strip(" \t\0")
        if text:
            yield index, text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_text(payload: bytes) -> bool:
    """Tell lines of text from a raw frame, which may well hold line ends of its own."""
    return not payload.translate(None, _PRINTABLE) or any(
        _LINE.fullmatch(text) or _SPACED.fullmatch(text) for _, text in numbered_lines(payload)
    )


def from_line(text: str) -> Frame:
    """Read a frame off its line; ValueError where the line is none."""
    if _SPACED.fullmatch(text):
        return Frame(re.sub(r"[ \t]+", "", text))
    if match := _LINE.fullmatch(text):
        return Frame(match["digits"], match["device"])
    message = f"neither a frame in hex nor anything else that is known: {text[:40]!r}"
    raise ValueError(message)


def decode_each(
    payload: bytes,
    received_us: int,
    read: Callable[[Frame, int], Report],
    raw: Callable[[bytes], Iterable[bytes]],
) -> Decoded:
    """Read every frame of a message with `read`, which raises ValueError for one it cannot read.

    `read` takes the time of receipt, too; `raw` parts raw octets into frames. DecodeError where no
    frame could be read.
    """
    return decode_elements(_elements(payload, raw), received_us, read)


def decode_elements(
    elements: Iterable[tuple[int, str | bytes]],
    received_us: int,
    read: Callable[[Frame, int], Report],
) -> Decoded:
    """Do what `decode_each` does with lines and raw frames that are told apart already."""
    gathering = Gathering()
    for index, element in elements:
        try:
            gathering.add(index, read(_frame(element), received_us))
        except ValueError as error:
            gathering.reject(index, error)
    decoded = rollover.alike(gathering.decoded(), received_us)
    return undated.in_order(decoded, received_us)


def _elements(
    payload: bytes, raw: Callable[[bytes], Iterable[bytes]]
) -> Iterable[tuple[int, str | bytes]]:
    if is_text(payload):
        return numbered_lines(payload)
    parts = list(islice(raw(payload), MAX_PARTS + 1))
    if len(parts) > MAX_PARTS:
        message = f"more than {MAX_PARTS} frames in one message"
        raise DecodeError(message)
    return enumerate(parts)


def _frame(element: str | bytes) -> Frame:
    frame = from_line(element) if isinstance(element, str) else Frame(element.hex())
    if len(frame.digits) > MAX_DIGITS:
        message = f"too long: {len(frame.digits)} hex digits; {MAX_DIGITS} are read"
        raise ValueError(message)
    return frame
