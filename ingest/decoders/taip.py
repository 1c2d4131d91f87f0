"""Trimble's ASCII protocol TAIP, as vehicle modems send it: RPV, REV, RLN and RGP.

">", the message, fields after ";", perhaps a checksum, "<"; `ID=` names the unit. Layouts are from
Trimble's manuals, that of RGP from Traccar. Times are seconds of the UTC day. Event numbers are
each fleet's own, so none of them is taken for an emergency.
"""

import re
from functools import reduce
from operator import xor
from typing import Final

from ingest import units
from ingest.decoders import dating, rollover
from ingest.decoders.frames import numbered_lines
from ingest.decoders.gathering import Gathering, Report
from ingest.decoders.rollover import Dated, unrolled
from ingest.decoders.staleness import stale
from ingest.fix import Fix
from ingest.message import Decoded
from ingest.moment import SECOND_US

_MAX_LINE: Final = 1024
_GPS_EPOCH: Final = (1980, 1, 6)
_NO_SOURCE: Final = "9"
_OLD: Final = "1"

_FRAME: Final = re.compile(r">([^<>]*)")
_NAME: Final = re.compile(r"R[A-Z]{2}")
_WHERE: Final = r"(?P<lat>[+-]\d{7})(?P<lon>[+-]\d{8})(?P<speed>\d{3})(?P<course>\d{3})"
_SOURCE: Final = r"(?P<source>\d)(?P<age>[012])"
_LAYOUTS: Final = {
    "RPV": re.compile(r"(?P<seconds>\d{5})" + _WHERE + _SOURCE, re.ASCII),
    "REV": re.compile(
        r"\d\d(?P<week>\d{4})(?P<day>[0-6])(?P<seconds>\d{5})" + _WHERE + _SOURCE, re.ASCII
    ),
    "RGP": re.compile(
        r"(?P<date>\d{6})(?P<time>\d{6})" + _WHERE + r"(?P<mode>[023])[0-9A-F]{4}\d{4}", re.ASCII
    ),
    "RLN": re.compile(
        r"(?P<seconds>\d{5})(?P<millis>\d{3})(?P<lat>[+-]\d{9})(?P<lon>[+-]\d{10})"
        r"(?P<altitude>[+-]\d{8})(?P<speed>\d{4})[+-]\d{4}(?P<course>\d{4})"
        r"\d\d(?:[0-9A-F]{4}){0,99}[0-9A-F]{10}" + _SOURCE,
        re.ASCII,
    ),
}


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read one or more messages a line; those that hold no position are passed over.

    Raises DecodeError where none of them can be read.
    """
    gathering = Gathering()
    for index, line in numbered_lines(payload):
        found = _FRAME.findall(line) if len(line) <= _MAX_LINE else []
        for body in found:
            try:
                gathering.add(index, _report(body, received_us))
            except ValueError as error:
                gathering.reject(index, error)
        if not found:
            gathering.reject(index, ValueError(f"not TAIP: {line[:40]!r}"))
    return rollover.alike(gathering.decoded(), received_us)


def _report(body: str, received_us: int) -> Report:
    message, *fields = body.split(";")
    _check(body)
    name, data = message[:3], message[3:]
    if not _NAME.fullmatch(name):
        problem = f"not TAIP: {message[:40]!r}"
        raise ValueError(problem)
    if name not in _LAYOUTS:
        return Report()
    match = _LAYOUTS[name].fullmatch(data)
    if match is None:
        problem = f"{name}: its fields are not as they should be"
        raise ValueError(problem)
    said = match.groupdict()
    if said.get("source") == _NO_SOURCE or said.get("age") == "0" or said.get("mode") == "0":
        return Report()  # says itself that it has no position
    device = next((field[3:].strip() for field in fields if field.startswith("ID=")), "") or None
    dated = _time(said, received_us)
    return Report((_fix(said, dated.time_us, device),), dated.events(device))


def _check(body: str) -> None:
    """Compare the checksum, if there is one: some units leave out its "*", and some take it in."""
    before, star, given = body.rpartition("*")
    if not star:
        return
    without = reduce(xor, (">" + before).encode(), 0)
    if given.strip().upper() not in (f"{without:02X}", f"{without ^ ord('*'):02X}"):
        problem = f"checksum: {given[:8]!r} where {without ^ ord('*'):02X} was expected"
        raise ValueError(problem)


def _fix(said: dict[str, str], time_us: int, device: str | None) -> Fix:
    fine = "altitude" in said  # the long message, with more digits of everything
    tenths = 10 if fine else 1
    degrees = 10**7 if fine else 10**5
    return Fix(
        time_us=time_us,
        lat=int(said["lat"]) / degrees,
        lon=int(said["lon"]) / degrees,
        accuracy_m=stale(None) if said.get("age") == _OLD else None,
        speed_mps=int(said["speed"]) / tenths * units.MPH_MPS,
        heading_deg=int(said["course"]) / tenths,
        altitude_m=int(said["altitude"]) / 100 * units.FOOT_M if fine else None,
        device=device,
    )


def _time(said: dict[str, str], received_us: int) -> Dated:
    if "date" in said:
        date, time = said["date"], said["time"]
        year = dating.full_year(int(date[4:]), received_us)
        of_day = dating.time_of_day(int(time[:2]), int(time[2:4]), int(time[4:]))
        time_us = dating.midnight(year, int(date[2:4]), int(date[:2])) + of_day
        return unrolled(time_us, received_us)
    of_day = int(said["seconds"]) * SECOND_US + int(said.get("millis", "0")) * 1000
    if of_day >= dating.DAY_US + SECOND_US:
        problem = f"time: {said['seconds']} is no second of a day"
        raise ValueError(problem)
    if "week" not in said:
        return Dated(dating.nearest_day(of_day, received_us))
    days = int(said["week"]) * 7 + int(said["day"])
    return unrolled(dating.midnight(*_GPS_EPOCH) + days * dating.DAY_US + of_day, received_us)
