"""TETRA location reports (LIP, ETSI TS 100 392-18-1): raw, or one in hex a line.

What a radio says without a time of its own is dated when it was received; of several such reports
in one message only the last can be (undated.py). If it says that the position is older than that by
minutes, the position is kept as a stale one (staleness.py). Time elapsed 0 is under 5 s.
"""

from typing import Final

from ingest.decoders import dating, frames, lipcodes
from ingest.decoders.bits import Bits
from ingest.decoders.frames import Frame
from ingest.decoders.gathering import Report
from ingest.decoders.lipcodes import Motion, Place
from ingest.decoders.staleness import stale
from ingest.fix import Event, Fix
from ingest.message import Decoded

PID: Final = 0x0A
"""The octet before a report that tells the network it is one."""

_SHORT: Final = 0
_EXTENDED: Final = 1
_LONG: Final = 3
_SHORT_BITS: Final = 76
_BARE_LONG: Final = 0b010011  # PDU type 1, extension 3
_RESULT: Final = (12, 8)  # a type-5 element's identifier and length in bits
_HEADER_BITS: Final = 11
_STATED_TIME: Final = 2


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read location reports, each with its protocol identifier 0x0A or without it.

    Raises DecodeError where none of them can be read.
    """
    return frames.decode_each(payload, received_us, _framed, lambda octets: [octets])


def report(bits: Bits, received_us: int, device: str | None) -> Report:
    """Read one report, its protocol identifier already gone; other PDUs of LIP hold no position.

    ValueError where it is cut short, or of a kind that cannot be read.
    """
    kind = bits.number(2)
    if kind == _SHORT:
        return _short(bits, received_us, device)
    if kind != _EXTENDED:
        message = f"LIP PDU type {kind} is reserved"
        raise ValueError(message)
    return _long(bits, received_us, device) if bits.number(4) == _LONG else Report()


def is_bare_long(bits: Bits) -> bool:
    """Tell a long report that has lost its protocol identifier, as some gateways cut it off."""
    return bits.peek(6) == _BARE_LONG


def _framed(frame: Frame, received_us: int) -> Report:
    bits = frame.bits()
    # By length: a short report with its identifier has 84 bits, one without it 76 to 80.
    short_without = _SHORT_BITS <= bits.left < _SHORT_BITS + 8 and bits.peek(2) == _SHORT
    identified = bits.peek(8) == PID and (not short_without or bits.peek(14) & 63 == _BARE_LONG)
    if identified:
        bits.number(8)
    elif not short_without and not is_bare_long(bits):
        message = f"not a LIP report: it begins with {frame.digits[:2]}"
        raise ValueError(message)
    return report(bits, received_us, frame.device)


def _short(bits: Bits, received_us: int, device: str | None) -> Report:
    elapsed = bits.number(2)
    where = lipcodes.point(bits)
    accuracy = lipcodes.position_error_m(bits.number(3))
    speed = lipcodes.speed_mps(bits.number(7))
    direction = bits.number(4)  # 15 is 337.5 degrees, or unknown: then the speed is, too
    event = _event(bits)
    if where is None:
        return _without_place(received_us, event, None, device)
    heading = None if speed is None else direction * 22.5
    place = Place(*where, stale(accuracy) if elapsed else accuracy)
    return Report((_fix(place, Motion(speed, heading), received_us, device, event),))


def _long(bits: Bits, received_us: int, device: str | None) -> Report:
    time_us, doubtful = _time(bits, received_us)
    place = lipcodes.shape(bits)
    motion = lipcodes.motion(bits)
    bits.number(1)  # whether it wants an acknowledgement, which only the network can give
    event = _event(bits)
    if place is None:
        return _without_place(time_us, event, _result(bits), device)
    if doubtful:
        place = Place(place.lat, place.lon, stale(place.accuracy_m), place.altitude_m)
    return Report((_fix(place, motion, time_us, device, event),))


def _time(bits: Bits, received_us: int) -> tuple[int, bool]:
    """Read when the position was taken, and whether that is too uncertain to count."""
    kind = bits.number(2)
    if kind == 0:
        return received_us, False
    if kind == 1:
        return received_us, bits.number(2) > 0
    if kind != _STATED_TIME:
        message = f"LIP time type {kind} is reserved"
        raise ValueError(message)
    day, hour, minute, second = bits.number(5), bits.number(5), bits.number(6), bits.number(6)
    time_us = dating.newest_day(day, dating.time_of_day(hour, minute, second), received_us)
    return time_us, received_us - time_us > dating.LONGEST_SURE_US


def _event(bits: Bits) -> str | None:
    """Read the additional data: a reason for sending, or something that the user defined."""
    user_defined, reason = bits.number(1), bits.number(8)
    return None if user_defined else lipcodes.EVENTS.get(reason)


def _result(bits: Bits) -> str | None:
    """Step over the type-5 elements; give what a result code among them says of no position."""
    while bits.left >= _HEADER_BITS:
        identifier, length = bits.number(5), bits.number(6)
        if not length:
            length = bits.number(min(7, bits.left)) * 8 + 56
        if length > bits.left:
            break  # padding
        value = bits.number(length)
        if (identifier, length) == _RESULT and value in lipcodes.NO_POSITION:
            return lipcodes.NO_POSITION[value]
    return None


def _without_place(
    time_us: int, event: str | None, result: str | None, device: str | None
) -> Report:
    events = [Event(time_us, event, device)] if event else []
    if result and event != "gps_lost":
        events.append(Event(time_us, "gps_lost", device, result))
    return Report(events=tuple(events))


def _fix(place: Place, motion: Motion, time_us: int, device: str | None, event: str | None) -> Fix:
    return Fix(
        time_us=time_us,
        lat=place.lat,
        lon=place.lon,
        accuracy_m=place.accuracy_m,
        speed_mps=motion.speed_mps,
        heading_deg=motion.heading_deg,
        altitude_m=place.altitude_m,
        device=device,
        event=event,
    )
