"""A profile takes no value that the method cannot work with."""

import math

import pytest

from geofence.model import LONGEST_S, VAGUEST_M, Profile


@pytest.mark.parametrize(
    ("name", "value", "limits"),
    [
        ("interval_s", 0.0, "more than 0 to 604800"),
        ("interval_s", math.nan, "more than 0 to 604800"),
        ("max_gap_s", 9e12, "more than 0 to 604800"),
        ("max_gap_s", 0.0, "more than 0 to 604800"),
        ("merge_gap_s", -1.0, "0 to 604800"),
        ("still_gap_s", math.inf, "0 to 604800"),
        ("min_visit_s", math.nextafter(LONGEST_S, math.inf), "0 to 604800"),
        ("assumed_accuracy_m", 1_001.0, "0 to 1000"),
        ("max_accuracy_m", math.inf, "0 to 1000"),
        ("still_radius_m", -0.5, "0 to 10000"),
    ],
)
def test_a_value_beyond_its_limits_is_refused_by_name(name: str, value: float, limits: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be {limits}, and is ") as refused:
        Profile(**{name: value})
    assert f"{value:g}" in str(refused.value)


def test_the_limits_themselves_are_taken() -> None:
    widest = Profile(max_gap_s=LONGEST_S, merge_gap_s=0.0, max_accuracy_m=VAGUEST_M)
    assert widest.doubt_gap_us == widest.max_gap_us == 7 * 86_400 * 1_000_000
