"""What a forecast says in words, for people who do not read tables."""

from collections.abc import Sequence

from app.capacity.forecast import Forecast
from app.capacity.question import Staffing


def sentence(staffing: Staffing, forecasts: Sequence[Forecast]) -> str:
    """A sentence on each number of hot spots, in their order; there is at least one."""
    said = ", ".join(f"{_range(one)} at {one.hotspots} ({_chance(one)})" for one in forecasts)
    target = f"{forecasts[0].target:.0%}".replace("%", " %")
    return (
        f"{_who(staffing)}, expect this coverage by number of hot spots: {said}."
        f" The target is {target}; nine shifts of ten lie in the range."
    )


def _who(staffing: Staffing) -> str:
    officers = f"With {staffing.officers} officer{'s' if staffing.officers > 1 else ''}"
    return officers if staffing.crew == 1 else f"{officers} in crews of {staffing.crew}"


def _range(one: Forecast) -> str:
    low, high = round(100 * one.low), round(100 * one.high)
    return f"{high} %" if low == high else f"{low} to {high} %"


def _chance(one: Forecast) -> str:
    met, missed = 100 * one.chance, 100 * (1 - one.chance)
    if missed == 0:
        return "target met in every shift simulated"
    if met == 0:
        return "target met in no shift simulated"
    if missed < 1:
        return "target missed in fewer than 1 of 100 shifts"
    if met < 1:
        return "target met in fewer than 1 of 100 shifts"
    return f"target missed in {round(missed)} of 100 shifts"
