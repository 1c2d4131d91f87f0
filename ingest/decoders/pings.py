"""Our own fixes in JSON: one object, a list, {"fixes": [...]}, or one object a line (NDJSON).

Lines may be RFC 7464/8142 texts, too, each begun by a record separator (0x1E).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from ingest import moment
from ingest.decoders import jsontext
from ingest.decoders.elements import WORD, check_text
from ingest.decoders.gathering import MAX_REJECTED
from ingest.decoders.sentence import sentence
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded, Rejection

_SEPARATOR: Final = b"\x1e"
_NUL: Final = b"\\u0000"  # as JSON writes it
_BLANK: Final = b" \t\r\n" + _SEPARATOR


class _Ping(msgspec.Struct, frozen=True, gc=False):
    time: datetime | int | float
    lat: float
    lon: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    battery_pct: float | None = None
    device: str | None = None
    event: str | None = None


class _Envelope(msgspec.Struct, frozen=True):
    fixes: list[_Ping]


_PINGS: Final = msgspec.json.Decoder(list[_Ping])
_LINES: Final = msgspec.json.Decoder(_Ping)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


def decode(payload: bytes, received_us: int) -> Decoded:  # noqa: ARG001 (every fix has its own time)
    """Read the fixes of one message; the bad ones among them become rejections ("malformed").

    Raises DecodeError where no fix can be told from the next: not JSON, or nothing of ours; also
    where more than `gathering.MAX_REJECTED` are bad.
    """
    if not payload.strip(_BLANK):
        message = "the message is empty"
        raise DecodeError(message)
    return _collect(_at_once(payload) or map(_ping, _elements(payload)))


def _at_once(payload: bytes) -> Sequence[_Ping | str]:
    """Read a message in which everything is as it should be, which nearly all are; else nothing."""
    if _NUL in payload:
        return ()
    try:
        if payload.lstrip()[:1] == b"[":
            return _PINGS.decode(payload)
        if b'"fixes"' in payload:
            return _ENVELOPE.decode(payload).fixes
        return _LINES.decode_lines(payload.replace(_SEPARATOR, b"\n"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def _collect(rows: Iterable[_Ping | str]) -> Decoded:
    fixes: list[Fix] = []
    indexes: list[int] = []
    rejected: list[Rejection] = []
    for index, row in enumerate(rows):
        try:
            fixes.append(_fix(row))
            indexes.append(index)
        except ValueError as error:
            rejected.append(Rejection(index, "malformed", str(error)))
            if len(rejected) > MAX_REJECTED:
                message = f"more than {MAX_REJECTED} parts of it cannot be read, the last: {error}"
                raise DecodeError(message) from error
    return Decoded(fixes, indexes, rejected)


def _fix(row: _Ping | str) -> Fix:
    if isinstance(row, str):
        raise ValueError(row)  # noqa: TRY004 (the row is the sentence that says what is wrong)
    time = row.time
    return Fix(
        moment.from_datetime(time) if isinstance(time, datetime) else moment.from_epoch(time),
        row.lat,
        row.lon,
        row.accuracy_m,
        row.speed_mps,
        row.heading_deg,
        row.altitude_m,
        row.battery_pct,
        row.device,
        row.event and row.event[:WORD],
    )


class _Unreadable(str):
    """What is wrong with a line that is not JSON, in the place of what it would have held."""

    __slots__ = ()


def _ping(element: object) -> _Ping | str:
    if isinstance(element, _Unreadable):
        return element
    try:
        ping = msgspec.convert(element, _Ping)
        check_text((ping.device or "") + (ping.event or ""))
    except msgspec.ValidationError as error:
        return sentence(error)
    except UnicodeEncodeError:  # half a surrogate pair, which the standard parser lets through
        return "a text in it is not Unicode"
    except ValueError as error:
        return str(error)
    return ping


def _elements(payload: bytes) -> list[object]:
    """Take a message apart, slower and more forgivingly."""
    try:
        whole = jsontext.read(payload)
    except ValueError as error:
        lines = _lines(payload)
        if not any(isinstance(line, dict) for line in lines):
            message = f"the message is not JSON: {error}"
            raise DecodeError(message) from error
        return lines
    if isinstance(whole, dict) and "fixes" in whole:
        whole = whole["fixes"]
        if not isinstance(whole, list):
            message = "fixes: expected a list"
            raise DecodeError(message)
    return whole if isinstance(whole, list) else [whole]


def _lines(payload: bytes) -> list[object]:
    """Read each line, or each text begun by a separator; none of a list that is broken."""
    if payload.lstrip()[:1] == b"[":
        return []
    texts = payload.split(_SEPARATOR if _SEPARATOR in payload else b"\n")
    return [_line(text) for text in texts if text.strip()]


def _line(text: bytes) -> object:
    try:
        return jsontext.read(text)
    except ValueError as error:
        return _Unreadable(f"not JSON: {error}")
