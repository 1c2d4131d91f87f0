"""OwnTracks JSON (https://owntracks.org/booklet/tech/json/): one object a message, told by `_type`.

Speeds are km/h. Android sends 0 for an unknown speed, course and altitude as well as for a true 0;
the two cannot be told apart, so they are kept as they come. No accuracy is ever truly 0 m: that one
is unknown. `tid` is not unique and `topic` not authenticated: neither says whose fix it is.
"""

from typing import Final

import msgspec

from ingest import moment
from ingest.decoders.sentence import sentence
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded, Rejection

_KMH: Final = 3.6  # km/h in one m/s


class _Object(msgspec.Struct):
    type: str = msgspec.field(name="_type")


class _Location(msgspec.Struct):
    tst: int | float
    lat: float
    lon: float
    acc: float | None = None
    vel: float | None = None
    cog: float | None = None
    alt: float | None = None
    batt: float | None = None


def decode(payload: bytes, received_us: int) -> Decoded:  # noqa: ARG001 (every location has its own time)
    """Read the location of one message, or of each element of a list; other types hold no fix.

    Raises DecodeError for what is not JSON, an encrypted payload, or a lone broken location.
    """
    if not payload.strip():
        return Decoded()  # clears a retained message
    try:
        objects = _objects(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"the message is not OwnTracks JSON: {error}"
        raise DecodeError(message) from error
    decoded = _collect(objects)
    if decoded.rejected and len(objects) == 1:
        raise DecodeError(decoded.rejected[0].detail)
    return decoded


def _objects(payload: bytes) -> list[msgspec.Raw]:
    if payload.lstrip()[:1] == b"[":
        return msgspec.json.decode(payload, type=list[msgspec.Raw])
    return [msgspec.json.decode(payload, type=msgspec.Raw)]


def _collect(objects: list[msgspec.Raw]) -> Decoded:
    fixes: list[Fix] = []
    indexes: list[int] = []
    rejected: list[Rejection] = []
    for index, raw in enumerate(objects):
        try:
            fix = _fix(raw)
        except ValueError as error:
            rejected.append(Rejection(index, "malformed", str(error)))
            continue
        if fix is not None:
            fixes.append(fix)
            indexes.append(index)
    return Decoded(fixes, indexes, rejected)


def _fix(raw: msgspec.Raw) -> Fix | None:
    """Read one object; None where its type holds no fix, ValueError where it is broken."""
    try:
        kind = msgspec.json.decode(raw, type=_Object).type
        if kind == "encrypted":
            message = "encrypted payloads are not supported yet; turn off the encryption key"
            raise ValueError(message)
        if kind != "location":
            return None
        # Not strict: some clients send numbers as text.
        location = msgspec.json.decode(raw, type=_Location, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(sentence(error)) from error
    return Fix(
        time_us=moment.from_epoch(location.tst),
        lat=location.lat,
        lon=location.lon,
        accuracy_m=location.acc or None,
        speed_mps=None if location.vel is None else location.vel / _KMH,
        heading_deg=location.cog,
        altitude_m=location.alt,
        battery_pct=location.batt,
    )
