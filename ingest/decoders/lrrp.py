"""Motorola's location protocol LRRP, raw or in hex: MOTOTRBO, ASTRO 25 and TETRA sets.

A document is its id, its length, and tokens that stand for XML elements, as SDRTrunk and OK-DMR's
ok-dmrlib read them. The radio's id is not inside: it comes from the gateway, in front of the hex or
with the message. A report without a time of its own is dated when it was received.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ingest.decoders import dating, frames
from ingest.decoders.bits import Bits
from ingest.decoders.frames import Frame
from ingest.decoders.gathering import Report
from ingest.decoders.rollover import Dated, unrolled
from ingest.fix import Event, Fix
from ingest.message import Decoded

DOCUMENTS: Final = range(0x04, 0x28)
"""Ids of requests, answers and reports; from 0x16 on they are of accessories."""

_REPORTS: Final = frozenset({0x06, 0x07, 0x0A, 0x0B, 0x0C, 0x0D, 0x10, 0x11, 0x12, 0x13})
_TETRA_PREFIX: Final = 0x80
_VARINT_OCTETS: Final = 5  # as many as 32 bits need
_TIME_OCTETS: Final = 5
_NO_GPS: Final = 0x10


class _Octets:
    """Reads a document from the left; ValueError where it is cut short."""

    __slots__ = ("_data", "at")

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def __bool__(self) -> bool:
        return self.at < len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self.at : self.at + count]
        if len(taken) < count:
            message = f"LRRP cut short: {count} octets were announced and {len(taken)} came"
            raise ValueError(message)
        self.at += count
        return taken

    def since(self, start: int) -> bytes:
        return self._data[start : self.at]

    def octet(self) -> int:
        return self.take(1)[0]

    def varint(self) -> tuple[int, int, bool]:
        """Read seven bits an octet: the number, its octets, and whether its second bit is set."""
        value = 0
        first = self.octet()
        octet = first
        for count in range(1, _VARINT_OCTETS + 1):
            value = value << 7 | octet & 0x7F
            if octet < 0x80:  # noqa: PLR2004 (the bit that says that more follows)
                return value, count, bool(first & 0x40)
            octet = self.octet()
        message = "LRRP number of more than 32 bits"
        raise ValueError(message)

    def uint(self) -> int:
        return self.varint()[0]

    def ufloat(self) -> float:
        return self.uint() + self._fraction()

    def sfloat(self) -> float:
        whole, octets, negative = self.varint()
        size = whole & ~(0x40 << 7 * (octets - 1))  # less the sign bit
        return (size + self._fraction()) * (-1 if negative else 1)

    def _fraction(self) -> float:
        fraction, octets, _ = self.varint()
        return float(fraction / 128**octets)

    def opaque(self) -> bytes:
        return self.take(self.uint())

    def lat(self) -> float:
        """Latitude is a size and a sign ..."""
        raw = int.from_bytes(self.take(4), "big")
        size = (raw & 0x7FFF_FFFF) * 180 / 2**32
        return -size if raw >> 31 else size

    def lon(self) -> float:
        """... and longitude two's complement."""
        return int.from_bytes(self.take(4), "big", signed=True) * 360 / 2**32

    def time(self) -> int:
        bits = Bits(self.take(_TIME_OCTETS).hex())
        year, month, day = bits.number(14), bits.number(4), bits.number(5)
        hour, minute, second = bits.number(5), bits.number(6), bits.number(6)
        return dating.midnight(year, month, day) + dating.time_of_day(hour, minute, second)

    def counted_time(self) -> int:
        if (count := self.uint()) != _TIME_OCTETS:
            message = f"LRRP time of {count} octets"
            raise ValueError(message)
        return self.time()


_READERS: Final[dict[str, Callable[[_Octets], object]]] = {
    "lat": _Octets.lat,
    "lon": _Octets.lon,
    "radius": _Octets.ufloat,
    "altitude": _Octets.sfloat,
    "altitude_error": _Octets.ufloat,
    "speed": _Octets.ufloat,
    "climb": _Octets.sfloat,
    "course": _Octets.octet,
    "time": _Octets.time,
    "counted_time": _Octets.counted_time,
    "result": _Octets.uint,
    "number": _Octets.uint,
    "octet": _Octets.octet,
    "opaque": _Octets.opaque,
}
_TOKENS: Final[dict[int, tuple[str, ...]]] = {
    0x22: ("opaque",),
    0x23: ("octet",),
    0x24: ("number",),
    0x34: ("time",),
    0x35: ("counted_time",),
    0x36: ("number",),
    0x37: ("result",),
    0x38: (),
    0x39: ("result", "opaque"),
    0x51: ("lat", "lon", "radius"),
    0x54: ("lat", "lon", "radius", "altitude"),
    0x55: ("lat", "lon", "radius", "altitude", "altitude_error"),
    0x56: ("course",),
    0x65: ("octet",),
    0x66: ("lat", "lon"),
    0x69: ("lat", "lon", "altitude"),
    0x6A: ("lat", "lon", "altitude", "altitude_error"),
    0x6B: ("octet",),
    0x6C: ("speed",),
    0x70: ("climb",),
}


class _Told:
    """What the tokens of one document say, by the names of _READERS."""

    def __init__(self, tokens: _Octets) -> None:
        self._values: dict[str, object] = {}
        while tokens:
            token = tokens.octet()
            if token not in _TOKENS:
                if "lat" in self._values:
                    break  # its length is not known, and what is needed was before it
                message = f"LRRP token {token:02X} is not known"
                raise ValueError(message)
            self._values |= {name: _READERS[name](tokens) for name in _TOKENS[token]}

    def number(self, name: str) -> float | None:
        value = self._values.get(name)
        return value if isinstance(value, int | float) else None

    def dated(self, received_us: int) -> Dated:
        for name in ("time", "counted_time"):
            value = self._values.get(name)
            if isinstance(value, int):
                return unrolled(value, received_us)
        return Dated(received_us)


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read LRRP documents, raw or one frame in hex a line. DecodeError where none can be read."""
    return frames.decode_each(payload, received_us, _framed, _parted)


def _framed(frame: Frame, received_us: int) -> Report:
    return report(frame.octets(), received_us, frame.device)


def report(octets: bytes, received_us: int, device: str | None) -> Report:
    """Read one or several documents, before them perhaps the 0x80 of TETRA sets.

    Only reports and answers hold a position. ValueError where a document cannot be read.
    """
    data = _Octets(octets[1:] if octets[:1] == bytes([_TETRA_PREFIX]) else octets)
    fixes: list[Fix] = []
    events: list[Event] = []
    while data:
        kind = data.octet()
        if kind not in DOCUMENTS:
            message = f"not LRRP: document id {kind:02X}"
            raise ValueError(message)
        body = _Octets(data.opaque())
        if kind not in _REPORTS:
            continue
        if not kind % 2:
            body.opaque()  # a table of constants, which no token of a report refers to
        _add(_Told(body), received_us, device, fixes, events)
    return Report(tuple(fixes), tuple(events))


def _parted(octets: bytes) -> Iterator[bytes]:
    """Part raw octets into documents; from the first one whose length cannot be read, the rest."""
    data = _Octets(octets[1:] if octets[:1] == bytes([_TETRA_PREFIX]) else octets)
    while data:
        start = data.at
        try:
            data.octet()
            data.opaque()
        except ValueError:
            data.at = len(octets)
        yield data.since(start)


def _add(
    told: _Told, received_us: int, device: str | None, fixes: list[Fix], events: list[Event]
) -> None:
    dated = told.dated(received_us)
    events += dated.events(device)
    lat, lon, course = told.number("lat"), told.number("lon"), told.number("course")
    if told.number("result") == _NO_GPS:
        events.append(Event(dated.time_us, "gps_lost", device, "no GPS"))
    if lat is None or lon is None:
        return
    fixes.append(
        Fix(
            time_us=dated.time_us,
            lat=lat,
            lon=lon,
            accuracy_m=told.number("radius"),
            speed_mps=told.number("speed"),
            heading_deg=None if course is None or course >= 180 else course * 2.0,  # noqa: PLR2004
            altitude_m=told.number("altitude"),
            device=device,
        )
    )
