"""How a LIP report codes where, how fast and why (ETSI TS 100 392-18-1, clause 6).

The text of the standard was not at hand: this follows what independent decoders agree on, among
them SvxLink, osmo-tetra-sq5bpf and tetra-sds. Every number is read by its width, in the order of
its table.
"""

from dataclasses import dataclass
from typing import Final

from ingest import units
from ingest.decoders.bits import Bits
from ingest.decoders.staleness import stale

EVENTS: Final = {
    0: "power_on",
    1: "power_off",
    2: "emergency",
    9: "service_back",
    10: "service_lost",
    12: "battery_low",
    21: "gps_lost",
    22: "gps_back",
    29: "gps_back",  # the positioning device was switched on
    30: "gps_lost",  # and off
}
"""Reasons for sending that are events. All others are none, above all 24: that an ambience
listening call was detected would tell everyone of a covert one, so nothing of it is kept."""

NO_POSITION: Final = {
    14: "information not currently available",
    81: "position method failure",
    200: "insufficient satellites",
    201: "bad geometry",
}
"""Result codes of a report without a position that say why there is none."""

_UNKNOWN_SPEED: Final = 127
_LINEAR: Final = 28  # up to here the code is km/h
_ERRORS_M: Final = (2.0, 20.0, 200.0, 2_000.0, 20_000.0, 200_000.0, 200_000.0)  # 6 is "more"
_BEST_EFFORT: Final = 63
_HALF_SURE: Final = 0  # confidence 50 %: a 68 % circle is wider by sqrt(ln(0.32) / ln(0.5))
_WIDER: Final = 1.28

_WIDTHS: Final = {
    "radius": 6,
    "minor": 6,
    "angle": 8,
    "altitude": 12,
    "altitude_error": 3,
    "confidence": 3,
    "inner": 16,
    "outer": 16,
    "start": 8,
    "stop": 8,
    "error": 3,
    "speed": 7,
    "speed_error": 3,
    "climb": 8,
    "climb_error": 3,
    "course": 8,
    "course_error": 3,
}
_SHAPES: Final[dict[int, tuple[str, ...]]] = {  # what follows longitude and latitude
    1: (),
    2: ("radius",),
    3: ("radius", "minor", "angle", "confidence"),
    4: ("altitude",),
    5: ("radius", "altitude"),
    6: ("radius", "minor", "angle", "altitude", "confidence"),
    7: ("radius", "altitude", "altitude_error"),
    8: ("radius", "minor", "angle", "altitude", "altitude_error", "confidence"),
    9: ("inner", "outer", "start", "stop", "confidence"),
    10: ("error",),
}
_MOTIONS: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("speed",),
    ("speed", "speed_error"),
    ("speed", "climb"),
    ("speed", "speed_error", "climb", "climb_error"),
    ("speed", "course"),
    ("speed", "speed_error", "course", "course_error"),
    ("speed", "speed_error", "climb", "climb_error", "course", "course_error"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A position: degrees and metres. Altitude is above the WGS84 ellipsoid, not the sea."""

    lat: float
    lon: float
    accuracy_m: float | None = None
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True)
class Motion:
    """A speed in m/s and a heading in degrees."""

    speed_mps: float | None = None
    heading_deg: float | None = None


def point(bits: Bits) -> tuple[float, float] | None:
    """Read longitude and latitude; give (lat, lon), None where both are 0, which is no position."""
    lon, lat = bits.signed(25), bits.signed(24)
    return (lat * 180 / 2**24, lon * 360 / 2**25) if lat or lon else None


def shape(bits: Bits) -> Place | None:
    """Read a location shape of a long report; ValueError for one whose length is not known.

    Of an ellipse the longer half axis is the accuracy, of an arc the outer radius about its centre.
    """
    kind = bits.number(4)
    if kind == 0:
        return None
    if kind not in _SHAPES:
        message = f"location shape {kind} is not known"
        raise ValueError(message)
    where = point(bits)
    values = _values(bits, _SHAPES[kind])
    if where is None:
        return None
    return Place(*where, _accuracy_m(values), altitude_m(values.get("altitude", 0)))


def motion(bits: Bits) -> Motion:
    """Read the velocity of a long report; without a speed its heading says nothing."""
    values = _values(bits, _MOTIONS[bits.number(3)])
    speed = speed_mps(values.get("speed", _UNKNOWN_SPEED))
    if speed is None or "course" not in values:
        return Motion(speed)
    return Motion(speed, values["course"] * 360 / 256)


def speed_mps(code: int) -> float | None:
    """Give m/s: km/h up to 28, then 3.8 % more a step; 126 is "more than 1043 km/h"."""
    if code == _UNKNOWN_SPEED:
        return None
    return (code if code <= _LINEAR else 16 * 1.038 ** (code - 13)) / units.MPS_KMH


def position_error_m(code: int) -> float:
    """Give the accuracy of position error `code`; 7, not known, marks a last known position."""
    return _ERRORS_M[code] if code < len(_ERRORS_M) else stale(None)


def uncertainty_m(code: int) -> float:
    """Give the upper bound of a horizontal uncertainty; 63 promises nothing."""
    return stale(None) if code == _BEST_EFFORT else 2 * 1.2 ** (code + 5) - 4


def altitude_m(code: int) -> float | None:
    """Give the altitude above the ellipsoid; None if unknown, or above something user-defined."""
    user_defined, steps = code >> 11, code & 0x7FF
    if user_defined or not steps:
        return None
    if steps <= 1201:  # noqa: PLR2004 (steps of 1 m from -200 m on, then of 2 m, then of 75 m)
        return steps - 201.0
    if steps <= 1926:  # noqa: PLR2004
        return 1002.0 + 2 * (steps - 1202)
    return 2525.0 + 75 * (steps - 1927)


def _values(bits: Bits, names: tuple[str, ...]) -> dict[str, int]:
    return {name: bits.number(_WIDTHS[name]) for name in names}


def _accuracy_m(values: dict[str, int]) -> float | None:
    if "error" in values:
        return position_error_m(values["error"])
    if "radius" in values:
        accuracy = uncertainty_m(values["radius"])
    elif "outer" in values:
        accuracy = 2.0 * max(values["inner"], values["outer"])
    else:
        return None
    return accuracy * _WIDER if values.get("confidence") == _HALF_SURE else accuracy
