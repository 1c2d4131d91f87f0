"""GPSLogger for Android's custom URL (https://gpslogger.app): what `%ALL` expands to.

One point a request: in the query, as an urlencoded form, or as a flat JSON object (or a list).
`aid` and `ser` name the hardware, not the device as it is known here, and are not taken for it.
GPSLogger writes 0.0 for a speed, a bearing or an altitude that it does not have; `zeros` says which
are taken for unknown. It keeps points and sends them later, some of them twice, so that the time of
receipt says nothing of when a point was true: one without its own time is malformed.
"""

from typing import Final

from ingest import units
from ingest.decoders import fields, jsontext, stamp
from ingest.decoders.elements import each_or_lone, lone
from ingest.decoders.fields import Fields
from ingest.decoders.zeros import without_zeros
from ingest.fix import Fix
from ingest.message import Decoded

ANSWER: Final = b""
"""Any 2xx is a success; after some others the app drops the point."""

_TIMES: Final = ("timestamp", "time", "timeoffset")  # from the plainest on


def decode(payload: bytes, received_us: int) -> Decoded:  # noqa: ARG001 (every point has its time)
    """Read one point, or a list of them.

    Raises DecodeError for what is neither JSON nor parameters, and for a lone point that is broken.
    """
    if payload.lstrip()[:1] not in {b"{", b"["}:
        return lone(fields.from_query(payload), _fix)
    return each_or_lone(jsontext.parse(payload, "JSON of GPSLogger"), _fix)


def _fix(element: object) -> Fix:
    # Parameters are replaced in any case, so that people write their names in any case, too.
    named = {str(name).lower(): value for name, value in fields.from_object(element).items()}
    speed, heading, altitude = without_zeros(
        _speed(named), fields.unsigned(named, "dir"), fields.number(named, "alt")
    )
    return Fix(
        time_us=_time(named),
        lat=fields.coordinate(named, "lat"),
        lon=fields.coordinate(named, "lon"),
        accuracy_m=fields.positive(named, "acc"),
        speed_mps=speed,
        heading_deg=heading,
        altitude_m=altitude,
        battery_pct=fields.unsigned(named, "batt"),
        device=fields.text(named, "device"),
    )


def _time(named: Fields) -> int:
    stated = next((named[name] for name in _TIMES if named.get(name) not in (None, "")), None)
    if stated is None:
        message = "timestamp: missing; add timestamp=%TIMESTAMP to the URL"
        raise ValueError(message)
    return stamp.read(stated)


def _speed(named: Fields) -> float | None:
    """Give m/s out of `spd`, or out of `spd_kph` where that alone was sent."""
    speed = fields.unsigned(named, "spd")
    if speed is not None:
        return speed
    kmh = fields.unsigned(named, "spd_kph")
    return None if kmh is None else kmh / units.MPS_KMH
