"""What Android programs mean by 0: Android's own reading of a speed, course or height it lacks.

`android.location.Location` answers 0 for each of the three when it was not measured (reference of
`getSpeed`, `getBearing`, `getAltitude`), and OwnTracks and GPSLogger pass that on.
"""

from typing import NamedTuple


class Motion(NamedTuple):
    """Speed in m/s, heading in degrees, altitude in metres; None where it is unknown."""

    speed_mps: float | None
    heading_deg: float | None
    altitude_m: float | None


def without_zeros(
    speed_mps: float | None, heading_deg: float | None, altitude_m: float | None
) -> Motion:
    """Turn the zeros that say "not measured" into None, and keep those that were measured.

    - An altitude of exactly 0 is unknown: the price is a device that stands at sea level.
    - A heading of exactly 0 is unknown, unless the device moves: who stands has none.
    - A speed of exactly 0 is unknown only beside an altitude of 0 and no heading: the position came
      from a network, which measures none of them. Otherwise the device stands.
    """
    speed_is_known = speed_mps != 0 or altitude_m != 0 or bool(heading_deg)
    return Motion(
        speed_mps if speed_is_known else None,
        heading_deg if heading_deg or speed_mps else None,
        altitude_m or None,
    )
