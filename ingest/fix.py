"""A position or an event of one device, as every decoder gives it, whatever the wire format."""

from typing import Final

import msgspec

EVENTS: Final = (
    "emergency",
    "power_on",
    "power_off",
    "gps_lost",
    "gps_back",
    "battery_low",
    "service_lost",
    "service_back",
    "online",
    "offline",
    "clock_corrected",
)
"""What a device may say of itself beside where it is; other words are kept as they come."""


class Fix(msgspec.Struct, frozen=True, gc=False):
    """One position in degrees WGS84 and SI units; None where the message does not say.

    A struct and not a dataclass because it is made once for every fix that arrives, and this is
    the cheaper of the two. `device` is the name the message gives, not yet who may use it.
    """

    time_us: int
    lat: float
    lon: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    battery_pct: float | None = None
    device: str | None = None
    event: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something a device says without a position: one of EVENTS, and what more there is to say."""

    time_us: int
    kind: str
    device: str | None = None
    detail: str | None = None
