"""Traccar Client, all three generations, and OsmAnd's online tracking (port 5055 of a Traccar).

- up to 8, OsmAnd and most scripts: parameters in the query, or in an urlencoded body;
- 9: JSON, `{"location": {...}, "device_id": ...}`, after transistorsoft's location object;
- 10: parameters in an urlencoded body; with `uploadJson`, flat JSON objects, one or a list.

They are read as Traccar's OsmAndProtocolDecoder reads them. A speed among parameters is in knots
unless told otherwise: OsmAnd itself and many scripts send m/s in the same place.
"""

from typing import Final

import msgspec

from ingest import units
from ingest.decoders import fields, jsontext, stamp
from ingest.decoders.elements import each_or_lone, lone
from ingest.decoders.fields import Fields
from ingest.fix import Event, Fix
from ingest.message import Decoded

ANSWER: Final = b""
"""An empty 200 is what every generation expects; any 2xx takes the position off its queue."""

_ALARMS: Final = {
    "sos": "emergency",
    "lowbattery": "battery_low",
    "poweron": "power_on",
    "poweroff": "power_off",
}


class _Coords(msgspec.Struct):
    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    altitude: float | None = None


class _Battery(msgspec.Struct):
    level: float | None = None


class _Location(msgspec.Struct):
    timestamp: str | int | float
    coords: _Coords | None = None
    battery: _Battery | None = None
    alarm: str | None = None
    mock: bool | None = None
    event: str | None = None


def decode(payload: bytes, received_us: int, *, speed_unit_mps: float = units.KNOT_MPS) -> Decoded:
    """Read one position, or a list of them; a message about the device alone gives its alarm.

    `speed_unit_mps` is the m/s of one unit of `speed` among parameters; JSON of generation 9 is
    always in m/s. A message that names no device is its sender's own. Raises DecodeError for what
    is neither JSON nor parameters, and for a lone message that is broken or says nothing.
    """

    def read(element: object) -> Fix | Event | None:
        named = fields.from_object(element)
        if isinstance(named.get("location"), dict):
            return _located(named["location"], _device(named))
        return _flat(named, received_us, speed_unit_mps)

    if payload.lstrip()[:1] not in {b"{", b"["}:
        return lone(fields.from_query(payload), read)
    return each_or_lone(_elements(jsontext.parse(payload, "JSON of Traccar Client")), read)


def _elements(whole: object) -> object:
    """Turn one envelope around a list, as generation 9's library can be set to send, into many."""
    if isinstance(whole, dict) and isinstance(whole.get("location"), list):
        return [whole | {"location": location} for location in whole["location"]]
    return whole


def _device(named: Fields) -> str | None:
    return fields.text(named, "id", "deviceid", "device_id")


def _flat(named: Fields, received_us: int, speed_unit_mps: float) -> Fix | Event | None:
    device = _device(named)
    stated = named.get("timestamp")
    time_us = received_us if stated in (None, "") else stamp.read(stated)
    alarm = _alarm(fields.text(named, "alarm"))
    place = _place(named)
    if place is None and alarm is None and device is None:
        message = "lat, lon: missing, and whatever else a device would say"
        raise ValueError(message)
    if place is None:
        return Event(time_us, alarm, device) if alarm else None
    if fields.flag(named, "valid") is False:
        return Event(time_us, alarm or "gps_lost", device)
    speed = fields.unsigned(named, "speed")
    return Fix(
        time_us=time_us,
        lat=place[0],
        lon=place[1],
        accuracy_m=fields.positive(named, "accuracy"),
        speed_mps=None if speed is None else speed * speed_unit_mps,
        heading_deg=fields.unsigned(named, "bearing", "heading"),
        altitude_m=fields.number(named, "altitude"),
        battery_pct=fields.unsigned(named, "batt"),
        device=device,
        event=alarm or ("mock" if fields.flag(named, "mock") else None),
    )


def _place(named: Fields) -> tuple[float, float] | None:
    """Give (lat, lon); None where a message holds no position, ValueError where half of one."""
    together = fields.text(named, "location")
    if together is not None:
        lat, _, lon = together.partition(",")
        named = {"lat": lat, "lon": lon}
    if named.get("lat") in (None, "") and named.get("lon") in (None, ""):
        return None
    return fields.coordinate(named, "lat"), fields.coordinate(named, "lon")


def _alarm(word: str | None) -> str | None:
    """Give the word for an alarm; one that is not known here stays as it is."""
    return None if word is None else _ALARMS.get(word.lower(), word)


def _located(element: object, device: str | None) -> Fix | Event | None:
    location = jsontext.convert(element, _Location)
    time_us = stamp.read(location.timestamp)
    alarm = _alarm(location.alarm)
    at = location.coords
    if at is None:
        return Event(time_us, alarm, device) if alarm else None
    level = None if location.battery is None else _known(location.battery.level)
    return Fix(
        time_us=time_us,
        lat=at.latitude,
        lon=at.longitude,
        accuracy_m=_known(at.accuracy) or None,
        speed_mps=_known(at.speed),
        heading_deg=_known(at.heading),
        altitude_m=at.altitude,
        battery_pct=None if level is None else level * 100,
        device=device,
        event=alarm or ("mock" if location.mock else location.event),
    )


def _known(value: float | None) -> float | None:
    """Turn -1, which is how the library says "unknown", into None."""
    return value if value is not None and value >= 0 else None
