"""OwnTracks JSON (https://owntracks.org/booklet/tech/json/): one object a message, told by `_type`.

Speeds are km/h. Android's zeros are read as `zeros` says; no accuracy is ever truly 0 m, so that
one is unknown. `tid` is not unique and `topic` not authenticated: neither says whose fix it is.
"""

from typing import Final, Literal

import msgspec

from ingest import moment, units
from ingest.decoders import jsontext
from ingest.decoders.elements import each_or_lone
from ingest.decoders.sealed import open_sealed
from ingest.decoders.staleness import stale
from ingest.decoders.zeros import without_zeros
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

ANSWER: Final = b"[]"
"""What the apps expect over HTTP: a list of messages for the phone, empty here."""

_PING: Final = "p"
_CROSSINGS: Final = {"enter": "region_entered", "leave": "region_left"}

# Overland's OwnTracks mode counts from 2001-01-01, as iOS does (timeIntervalSinceReferenceDate).
# Such a time lies 31 years back, where no phone was; that it means now is certain if it then falls
# near its receipt. A phone without a network sends what it kept for weeks.
_2001_US: Final = 978_307_200 * moment.SECOND_US
_DAY_US: Final = 86_400 * moment.SECOND_US
_LATEST_US: Final = _DAY_US
_EARLIEST_US: Final = -60 * _DAY_US


class _Object(msgspec.Struct):
    type: str = msgspec.field(name="_type")


class _Location(msgspec.Struct):
    type: Literal["location"] = msgspec.field(name="_type")
    tst: int | float
    lat: float
    lon: float
    acc: float | None = None
    vel: float | None = None
    cog: float | None = None
    alt: float | None = None
    batt: float | None = None
    t: object = None  # the trigger; nothing in it may cost the fix


_LOCATION: Final = msgspec.json.Decoder(_Location, strict=False)


class _Transition(msgspec.Struct):
    tst: int | float
    event: str
    lat: float | None = None
    lon: float | None = None
    acc: float | None = None
    desc: str | None = None


class _Sealed(msgspec.Struct):
    data: str


def decode(payload: bytes, received_us: int, *, secret: str | None = None) -> Decoded:
    """Read one message, or each element of a list; types without position or event are nothing.

    `secret`, a passphrase, opens what is encrypted. Raises DecodeError for what is not JSON, and
    for a lone message that is broken or does not open.
    """
    if not payload.strip():
        return Decoded()  # clears a retained message

    try:
        # Nearly every message is one location and sound. What is not is looked at more closely.
        return Decoded([_fix(_LOCATION.decode(payload), received_us)], [0])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _anything(payload, received_us, secret)


def _anything(payload: bytes, received_us: int, secret: str | None) -> Decoded:
    def read(element: object) -> Fix | Event | None:
        return _read(element, received_us, secret)

    return each_or_lone(jsontext.parse(payload, "OwnTracks JSON"), read)


def _read(element: object, received_us: int, secret: str | None) -> Fix | Event | None:
    match jsontext.convert(element, _Object).type:
        case "location":
            return _fix(jsontext.convert(element, _Location), received_us)
        case "transition":
            return _crossing(jsontext.convert(element, _Transition), received_us)
        case "lwt":
            # Its tst is when the app connected (booklet, _type=lwt), and Android sends none: what
            # it tells, that the link is lost, was noticed when the broker published it.
            return Event(received_us, "offline")
        case "encrypted":
            return _read(_opened(element, secret), received_us, None)
        case _:
            return None


def _opened(element: object, secret: str | None) -> object:
    """Give the message inside an encrypted one; ValueError where it does not open."""
    if secret is None:
        message = "the payload is encrypted, and there is no `owntracks_secret` to open it with"
        raise ValueError(message)
    inner = open_sealed(jsontext.convert(element, _Sealed).data, secret)
    try:
        return jsontext.parse(inner, "OwnTracks JSON, opened")
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _fix(location: _Location, received_us: int) -> Fix:
    speed = None if location.vel is None else location.vel / units.MPS_KMH
    speed, heading, altitude = without_zeros(speed, location.cog, location.alt)
    accuracy = _accuracy(location.acc)
    if location.t == _PING:
        # The last position once more, under the time at which it is sent: where the phone was, but
        # no proof that it still is. Joined to the first it would make a visit out of silence.
        accuracy = stale(accuracy)
    return Fix(
        time_us=_time(location.tst, received_us),
        lat=location.lat,
        lon=location.lon,
        accuracy_m=accuracy,
        speed_mps=speed,
        heading_deg=heading,
        altitude_m=altitude,
        battery_pct=location.batt,
    )


def _crossing(transition: _Transition, received_us: int) -> Fix | Event:
    """Read that a phone entered or left one of its own regions, at its own position if given."""
    time_us = _time(transition.tst, received_us)
    kind = _CROSSINGS.get(transition.event, transition.event)
    if transition.lat is None or transition.lon is None:
        return Event(time_us, kind, detail=transition.desc)
    return Fix(
        time_us,
        transition.lat,
        transition.lon,
        accuracy_m=_accuracy(transition.acc),
        event=kind,
    )


def _accuracy(metres: float | None) -> float | None:
    return metres if metres is not None and metres > 0 else None


def _time(tst: float, received_us: int) -> int:
    time_us = moment.from_epoch(tst)
    since_receipt_us = time_us + _2001_US - received_us
    if _EARLIEST_US <= since_receipt_us <= _LATEST_US:
        return time_us + _2001_US
    return time_us
