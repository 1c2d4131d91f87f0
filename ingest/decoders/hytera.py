"""Hytera's DMR application protocol: positions (LP), emergencies and registration (RRS).

A frame is service, opcode, length, payload, checksum and 0x03, after OK-DMR's ok-dmrlib; the
layouts of the reports other than A002 are after its dmr-kaitai. The radio id is the lower 24 bits
of its IP address. A report without a time is dated when it was received.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ingest import units
from ingest.decoders import dating, frames
from ingest.decoders.degrees import from_minutes
from ingest.decoders.frames import Frame
from ingest.decoders.gathering import Report
from ingest.decoders.rollover import Dated, unrolled
from ingest.fix import Event, Fix
from ingest.message import Decoded

_LOCATION: Final = 0x08
_REGISTRATION: Final = 0x11
_SERVICES: Final = frozenset({0x02, _LOCATION, 0x09, _REGISTRATION, 0x12, 0x13, 0x14})
_RELIABLE: Final = 0x80  # a bit of the service: an acknowledgement is wanted
_HEADER: Final = 5
_FRAMING: Final = _HEADER + 2
_END: Final = 0x03
_METHOD_FAILURE: Final = 6

_GPS: Final = re.compile(
    rb"(?P<valid>[AV])(?P<time>\d{6}|\0{6})(?P<date>\d{6}|\0{6})"
    rb"(?P<ns>[NS\0])(?P<lat>[\d.\0 ]{9})(?P<ew>[EW\0])(?P<lon>[\d.\0 ]{10})"
    rb"(?P<speed>[\d.\0 ]{3})(?P<course>[\d.\0 ]{3})"
)
_GPS_OCTETS: Final = 40


class _Layout(NamedTuple):
    """Where a location report has its parts; `gps` from the end where it is negative."""

    ip: int
    result: int | None
    gps: int
    event: str | None = None


_LAYOUTS: Final = {
    0xA002: _Layout(4, 8, 10),
    0xA003: _Layout(4, 8, 10),
    0xA004: _Layout(4, 8, 10),
    0xB003: _Layout(0, None, 5, "emergency"),
    0xC003: _Layout(4, None, -_GPS_OCTETS),  # after the time remaining, whose width is not certain
    0xD003: _Layout(4, None, 8),
    0xD004: _Layout(4, 8, 10),
}
_REGISTERED: Final = 0x0003
_GOING_OFFLINE: Final = 0x0001
_STATUS_ANSWER: Final = 0x0082


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read frames, raw one after another or one in hex a line.

    Requests, answers and other services hold no position. DecodeError where nothing can be read.
    """
    return frames.decode_each(payload, received_us, _framed, _parted)


def _parted(octets: bytes) -> Iterator[bytes]:
    """Part raw octets at the lengths that the frames announce; what is left over is one more."""
    start = 0
    while start < len(octets):
        length = int.from_bytes(octets[start + 3 : start + _HEADER], "big") + _FRAMING
        known = octets[start] & ~_RELIABLE in _SERVICES
        end = start + length if known else len(octets)
        yield octets[start:end]
        start = end


def _framed(frame: Frame, received_us: int) -> Report:
    data = frame.octets()
    service, opcode = data[0] & ~_RELIABLE, int.from_bytes(data[1:3], "big")
    length = int.from_bytes(data[3:_HEADER], "big")
    if service not in _SERVICES or len(data) != length + _FRAMING or data[-1] != _END:
        message = "not a Hytera frame: its first or last octet or its length is wrong"
        raise ValueError(message)
    checksum = (~sum(data[1:-2]) + 0x33) & 0xFF
    if checksum != data[-2]:
        message = f"checksum: {data[-2]:02X} where {checksum:02X} was expected"
        raise ValueError(message)
    body = data[_HEADER:-2]
    if service == _LOCATION and opcode in _LAYOUTS:
        return _location(body, _LAYOUTS[opcode], received_us)
    if service == _REGISTRATION:
        return _registration(opcode, body, received_us)
    return Report()


def _registration(opcode: int, body: bytes, received_us: int) -> Report:
    if opcode == _STATUS_ANSWER:
        kind = "offline" if body[4:5] == b"\1" else "online"
    elif opcode in (_REGISTERED, _GOING_OFFLINE):
        kind = "online" if opcode == _REGISTERED else "offline"
    else:
        return Report()
    return Report(events=(Event(received_us, kind, _radio(body)),))


def _location(body: bytes, layout: _Layout, received_us: int) -> Report:
    device = _radio(body[layout.ip :])
    result = 0
    if layout.result is not None:
        result = int.from_bytes(body[layout.result : layout.result + 2], "big")
    gps = body[layout.gps :][:_GPS_OCTETS]
    try:
        placed = Report() if result else _placed(gps, device, layout.event, received_us)
    except ValueError:
        if not layout.event:
            raise
        placed = Report()  # an emergency is one, whatever its position looks like
    if placed.fixes:
        return placed
    if layout.event:
        return Report(events=(Event(received_us, layout.event, device),))
    if result == _METHOD_FAILURE:
        return Report(events=(Event(received_us, "gps_lost", device, "position method failure"),))
    return Report()


def _placed(gps: bytes, device: str, event: str | None, received_us: int) -> Report:
    match = _GPS.fullmatch(gps)
    if match is None:
        message = "not a Hytera position: its fields are not as they should be"
        raise ValueError(message)
    text = {name: value.decode().strip(" \0") for name, value in match.groupdict().items()}
    if text["valid"] != "A":
        return Report()
    lat, lon = from_minutes(text["lat"], text["ns"]), from_minutes(text["lon"], text["ew"])
    if lat is None or lon is None:
        return Report()
    dated = _time(text["time"], text["date"], received_us)
    fix = Fix(
        time_us=dated.time_us,
        lat=lat,
        lon=lon,
        speed_mps=None if (knots := _number(text["speed"])) is None else knots * units.KNOT_MPS,
        heading_deg=_number(text["course"]),
        device=device,
        event=event,
    )
    return Report((fix,), dated.events(device))


def _radio(ip: bytes) -> str:
    if len(ip) < 4:  # noqa: PLR2004 (octets of an address)
        message = "cut short: the radio's address is missing"
        raise ValueError(message)
    return str(int.from_bytes(ip[1:4], "big"))


def _time(time: str, date: str, received_us: int) -> Dated:
    if not time:
        return Dated(received_us)
    of_day = dating.time_of_day(int(time[:2]), int(time[2:4]), int(time[4:]))
    if not date:
        return Dated(dating.nearest_day(of_day, received_us))
    year = dating.full_year(int(date[4:]), received_us)
    return unrolled(dating.midnight(year, int(date[2:4]), int(date[:2])) + of_day, received_us)


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None  # "0.." is no reason to lose the position
