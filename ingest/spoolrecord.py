"""One message of the spool as bytes, and the messages that the bytes of a file still hold."""

from dataclasses import dataclass, field
from struct import Struct
from typing import BinaryIO, Final
from zlib import crc32

import msgspec

from ingest.message import Message

MARK_BYTES: Final = 8
"""Length of what every record of a file begins with: random, so that no sender can write one."""

_PIECE_BYTES: Final = 1 << 20  # searched at once: well below a millisecond

# Mark, length of the body, CRC-32 of the body; then CRC-32 of these, so that a length is never
# believed that is not what was written.
_HEADER: Final = Struct(f">{MARK_BYTES}sII")
_CHECK: Final = Struct(">I")
_START: Final = _HEADER.size + _CHECK.size

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Message)


@dataclass(slots=True)
class Contents:
    """What a file holds: its messages in order, and whether any of it cannot be read any more.

    A last record that was cut off while it was written is no damage: nobody got a receipt for it.
    """

    messages: list[Message] = field(default_factory=list)
    damaged: bool = False


def pack(message: Message, mark: bytes) -> bytes:
    """Give the record of a message; `mark` (MARK_BYTES) is its file's."""
    body = _ENCODER.encode(message)
    header = _HEADER.pack(mark, len(body), crc32(body))
    return header + _CHECK.pack(crc32(header)) + body


def begun(file: BinaryIO, mark: bytes) -> int:
    """Give how many records begin in a file, whether or not they can be read. Raises OSError."""
    count, before = 0, b""
    while piece := file.read(_PIECE_BYTES):
        before += piece
        count += before.count(mark)
        before = before[1 - MARK_BYTES :]  # a mark may go on in the next piece
    return count


def unpack(data: bytes, mark: bytes) -> Contents:
    """Give all that can be read of a file's bytes, past what is damaged too."""
    contents, at = Contents(), 0
    while at < len(data):
        if (end := _end(data, at, mark)) and (message := _message(data, at, end)):
            contents.messages.append(message)
            at = end
            continue
        following = _next(data, at + 1, mark)
        contents.damaged |= following is not None or not _cut_off(data, at, mark)
        at = len(data) if following is None else following
    return contents


def _end(data: bytes, at: int, mark: bytes) -> int | None:
    """Give where the record at `at` ends, maybe past the end of the file; None if there is none."""
    header = data[at : at + _HEADER.size]
    check = data[at + _HEADER.size : at + _START]
    if not header.startswith(mark) or check != _CHECK.pack(crc32(header)):
        return None
    return at + _START + int(_HEADER.unpack(header)[1])


def _message(data: bytes, at: int, end: int) -> Message | None:
    body = data[at + _START : end]
    _, length, check = _HEADER.unpack_from(data, at)
    if len(body) != length or crc32(body) != check:
        return None
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError:  # of another version, perhaps
        return None


def _next(data: bytes, start: int, mark: bytes) -> int | None:
    """Give where the next record that can be read begins."""
    while (start := data.find(mark, start)) >= 0:
        if (end := _end(data, start, mark)) and _message(data, start, end):
            return start
        start += 1
    return None


def _cut_off(data: bytes, at: int, mark: bytes) -> bool:
    """Tell whether the file ends before its last record does."""
    if len(data) - at < _START:
        return True
    end = _end(data, at, mark)
    return end is not None and end > len(data)
