"""One position of one device, as every decoder gives it, whatever the wire format's units."""

import msgspec


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
