"""The units that devices write, in ours: metres, and metres a second."""

from typing import Final

KNOT_MPS: Final = 1852 / 3600
MPH_MPS: Final = 0.44704
KMH_MPS: Final = 1 / 3.6
FOOT_M: Final = 0.3048

MPS_KMH: Final = 3.6
"""km/h in one m/s. Divided by, it gives the nearest m/s; times KMH_MPS is rounded twice."""

SPEEDS_MPS: Final = {"kn": KNOT_MPS, "mps": 1.0, "kmh": KMH_MPS, "mph": MPH_MPS}
"""The m/s of one unit of speed, by the name that people give it."""
