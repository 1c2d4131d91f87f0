"""Records with a place out of FIT files (https://developer.garmin.com/fit/protocol/)."""

from collections.abc import Iterator
from math import isnan
from typing import Final

from fitdecode import CrcCheck, ErrorHandling, FitDataMessage, FitReader
from fitdecode.exceptions import FitEOFError
from fitdecode.records import FitCRC, FitHeader

from ingest.moment import SECOND_US
from ingest.trackpoints import NAN, Found, Point, place_fault
from ingest.tracksource import Source, TrackFileError

RECORD: Final = 20  # global number of the message that has a place
EPOCH_S: Final = 631_065_600  # 1989-12-31T00:00:00Z, from where FIT counts
FIRST_DATE: Final = 0x1000_0000  # smaller times count from when the device was switched on
DEGREES: Final = 180 / 2**31  # in a semicircle


def fit_points(source: Source) -> Iterator[Found]:
    """Yield the records of a FIT file, or of several end to end; None for those without a place.

    Semicircles become degrees, other values SI units. Raises TrackFileError, after the points
    before, where the file is broken off, cannot be read on, or at its end where a checksum does not
    match: then any value of it may be wrong, and most are not.
    """
    broken = ""
    reader = FitReader(
        source.file,
        processor=None,
        check_crc=CrcCheck.READONLY,
        error_handling=ErrorHandling.IGNORE,
    )
    try:
        for frame in reader:
            if isinstance(frame, FitDataMessage) and frame.global_mesg_num == RECORD:
                yield _point(frame)
            elif _mismatched(frame):
                broken = "a checksum in it does not match, so some of it may be wrong"
    except FitEOFError:
        broken = "it is broken off"
    except Exception as exc:  # noqa: BLE001 - over broken bytes the library raises whatever it meets
        broken = f"{exc!s:.200}" or type(exc).__name__
    if broken:
        message = f"{source.path} is not sound FIT: {broken}"
        raise TrackFileError(message)


def _mismatched(frame: object) -> bool:
    if isinstance(frame, FitHeader):
        return frame.crc_matched is False  # None where it has none
    return isinstance(frame, FitCRC) and not frame.matched


def _point(record: FitDataMessage) -> Found:
    lat, lon = _number(record, "position_lat"), _number(record, "position_long")
    if isnan(lat) or isnan(lon):  # no place, as indoors
        return None
    lat, lon = lat * DEGREES, lon * DEGREES
    fault = place_fault(lat, lon)
    if fault:
        return fault
    time = record.get_raw_value("timestamp", fallback=None)
    if not isinstance(time, int):
        return "has no time"
    if time < FIRST_DATE:
        return "has no date: the device's clock was not set"
    return Point(
        (time + EPOCH_S) * SECOND_US,
        lat,
        lon,
        _number(record, "gps_accuracy"),
        _number(record, "enhanced_speed", "speed"),
        altitude_m=_number(record, "enhanced_altitude", "altitude"),
    )


def _number(record: FitDataMessage, *names: str) -> float:
    """Give the first of the named values that is a number; NaN where none is."""
    for name in names:
        value = record.get_value(name, fallback=None)
        if isinstance(value, int | float):
            return float(value)
    return NAN
