"""One line of NMEA 0183: its frame, its tag block, and what its fields say.

A line may begin with the unit's name and a separator ("1234567 $GPRMC,..."), or have a tag block
with the source (s:) and the time it was taken down (c:, Unix seconds or milliseconds).
"""

import re
from functools import reduce
from math import hypot
from operator import xor
from typing import Final, TypeVar

import msgspec

from ingest import moment, units
from ingest.decoders import dating, stamp
from ingest.decoders.degrees import from_minutes
from ingest.decoders.frames import NAMED

_MAX_LINE: Final = 1024  # the standard's 82 characters are often broken
_BEFORE: Final = re.compile(NAMED + r"(?:\\(?P<tags>[^\\]{0,512})\\)?", re.ASCII)
_BODY: Final = re.compile(r"(?P<text>[!-)+-~ ]*)(?:\*(?P<sum>[0-9A-Fa-f]{0,2}))?\s*")
_ADDRESS: Final = re.compile(r"(?:P[A-Z0-9]+|[A-Z0-9]{2}([A-Z0-9]{3}))")
_TIME: Final = re.compile(r"(\d\d)(\d\d)(\d\d)(?:\.(\d{0,9}))?", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})", re.ASCII)
_DATE: Final = re.compile(r"\d{6}", re.ASCII)
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)

_T = TypeVar("_T", int, float)

_COMPLETE: Final = {"RMC": 10, "GGA": 10, "GNS": 10, "VTG": 6, "ZDA": 5, "GST": 8}
"""How many fields a sentence without a checksum needs to be whole as far as it is read."""


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of a kind that is read; `reference_us` is when it was taken down, or received."""

    kind: str
    fields: list[str]
    device: str | None
    reference_us: int

    def field(self, number: int) -> str:
        """Give a field counted from 0 after the address; empty where the sentence ends before."""
        return self.fields[number].strip() if number < len(self.fields) else ""


class Values(msgspec.Struct, frozen=True):
    """What one sentence says, in our units; `void` if it says that there is no position."""

    of_day_us: int | None = None
    date_us: int | None = None
    lat: float | None = None
    lon: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    void: bool = False

    def completed(self, later: "Values") -> "Values":
        """Give what this one says, and what a later sentence adds; void if one of them is."""
        place = self if self.lat is not None else later
        return Values(
            of_day_us=self.of_day_us,
            date_us=_first(self.date_us, later.date_us),
            lat=place.lat,
            lon=place.lon,
            altitude_m=_first(self.altitude_m, later.altitude_m),
            speed_mps=_first(self.speed_mps, later.speed_mps),
            heading_deg=_first(self.heading_deg, later.heading_deg),
            accuracy_m=_first(self.accuracy_m, later.accuracy_m),
            void=self.void or later.void,
        )


def _first(known: _T | None, said: _T | None) -> _T | None:
    return said if known is None else known


def parse(line: str, received_us: int) -> Sentence | None:
    """Take a line apart; None where it is a sentence of no use here.

    ValueError where it is no sentence, or its checksum is wrong, or it has none and was cut short.
    """
    before, dollar, rest = line.rpartition("$")
    body = _BODY.fullmatch(rest) if dollar and len(line) <= _MAX_LINE else None
    kind, *fields = body["text"].split(",") if body else [""]
    address = _ADDRESS.fullmatch(kind)
    if body is None or address is None:
        message = f"not an NMEA sentence: {line[:40]!r}"
        raise ValueError(message)
    kind = address[1] or ""
    if kind not in _COMPLETE:
        return None
    if body["sum"] is not None:
        _check(body["text"], body["sum"])
    elif len(fields) <= _COMPLETE[kind]:
        message = f"{kind}: no checksum, and cut short"
        raise ValueError(message)
    device, reference_us = _from_whom(before, received_us)
    return Sentence(kind, fields, device, reference_us)


def values(sentence: Sentence) -> Values:
    """Read the fields of a sentence; ValueError where one is not what it should be."""
    match sentence.kind:
        case "RMC":
            return _rmc(sentence)
        case "GGA" | "GNS":
            return _gga(sentence)
        case "VTG":
            return _vtg(sentence)
        case "ZDA":
            return _zda(sentence)
        case _:
            return _gst(sentence)


def _check(text: str, given: str) -> None:
    expected = f"{reduce(xor, text.encode(), 0):02X}"
    if given.upper() != expected:
        message = f"checksum: {given[:8]!r} where {expected} was expected"
        raise ValueError(message)


def _from_whom(before: str, received_us: int) -> tuple[str | None, int]:
    """Read the name and the tag block before a sentence; noise before it says nothing."""
    match = _BEFORE.fullmatch(before)
    if match is None:
        return None, received_us
    device: str | None = match["device"]
    reference_us = received_us
    if match["tags"]:
        tags, star, given = match["tags"].rpartition("*")
        if star:
            _check(tags, given)
        for tag in (tags if star else match["tags"]).split(","):
            name, _, value = tag.partition(":")
            if name == "s" and value:
                device = value
            elif name == "c":
                reference_us = stamp.read(_number(value))
    return device, reference_us


def _rmc(said: Sentence) -> Values:
    time, date = _time(said.field(0)), said.field(8)
    # The mode came later than the sentence: without one its status alone counts.
    if said.field(1) != "A" or said.field(11) == "N":
        return Values(of_day_us=time, date_us=_date(date, said.reference_us), void=True)
    knots = _number(said.field(6))
    return Values(
        of_day_us=time,
        date_us=_date(date, said.reference_us),
        lat=from_minutes(said.field(2), said.field(3)),
        lon=from_minutes(said.field(4), said.field(5)),
        speed_mps=None if knots is None else knots * units.KNOT_MPS,
        heading_deg=_number(said.field(7)),
    )


def _gga(said: Sentence) -> Values:
    """GNS has one letter a system where GGA has a quality: any but N is a position."""
    time, quality = _time(said.field(0)), said.field(5)
    if not quality.strip("0" if said.kind == "GGA" else "N"):
        return Values(of_day_us=time)
    return Values(
        of_day_us=time,
        lat=from_minutes(said.field(1), said.field(2)),
        lon=from_minutes(said.field(3), said.field(4)),
        altitude_m=_number(said.field(8)),
    )


def _vtg(said: Sentence) -> Values:
    if said.field(8) == "N" or said.field(5) != "N":
        return Values()
    knots = _number(said.field(4))
    return Values(
        speed_mps=None if knots is None else knots * units.KNOT_MPS,
        heading_deg=_number(said.field(0)),
    )


def _zda(said: Sentence) -> Values:
    time = _time(said.field(0))
    day, month, year = said.field(1), said.field(2), said.field(3)
    if not (day and month and year):
        return Values(of_day_us=time)
    if not _DATE.fullmatch(f"{day:0>2}{month:0>2}00") or not _YEAR.fullmatch(year):
        message = f"ZDA: no date in {day[:10]!r}, {month[:10]!r}, {year[:10]!r}"
        raise ValueError(message)
    return Values(of_day_us=time, date_us=dating.midnight(int(year), int(month), int(day)))


def _gst(said: Sentence) -> Values:
    """Standard deviations north and east: together a circle that holds 63 to 68 %."""
    time, north, east = _time(said.field(0)), _number(said.field(5)), _number(said.field(6))
    if north is None or east is None:
        return Values(of_day_us=time)
    return Values(of_day_us=time, accuracy_m=hypot(north, east))


def _time(text: str) -> int | None:
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        message = f"time: {text[:20]!r} is not hhmmss"
        raise ValueError(message)
    micros = round(float(f"0.{match[4] or 0}") * moment.SECOND_US)
    return dating.time_of_day(int(match[1]), int(match[2]), int(match[3]), micros)


def _date(text: str, reference_us: int) -> int | None:
    if not text:
        return None
    if not _DATE.fullmatch(text):
        message = f"date: {text[:20]!r} is not ddmmyy"
        raise ValueError(message)
    year = dating.full_year(int(text[4:]), reference_us)
    return dating.midnight(year, int(text[2:4]), int(text[:2]))


def _number(text: str) -> float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        message = f"{text[:20]!r} is not a number"
        raise ValueError(message)
    return float(text)
