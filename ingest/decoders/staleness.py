"""What becomes of a position that the radio itself calls old, or cannot date, or cannot vouch for.

It tells a person where the radio was last, so it is kept as a fix, under the time it was told (or
the one the message gives). But it says nothing of where the radio is now, so its accuracy is made
at least STALE_ACCURACY_M: every profile's limit is below that, and the engine leaves it out.

So are kept: TETRA LIP with time elapsed 1, 2 or 3, position error 7, an uncertainty that is not
known, or a day of the month so long ago that the month is a guess; TAIP with data age 1; of several
positions of a radio without a time in one message all but the last (undated.py).
"""

from typing import Final

STALE_ACCURACY_M: Final = 20_000.0
"""No profile takes a fix as coarse as this."""


def stale(accuracy_m: float | None) -> float:
    """Give the accuracy of a position that must not count, in metres."""
    return max(accuracy_m or 0.0, STALE_ACCURACY_M)
