import datetime as dt

import numpy as np
import pytest
import shapely
from planted import KNOWN, square

from app.doctor.chain import SEAS, sea_far_from
from app.doctor.finding import Status
from app.doctor.places import Cores, Sized, check_planned, check_shapes, check_widths, sized
from app.storage.hotspots import HotspotVersion


def spots(**polygons: shapely.Polygon) -> Sized:
    since: dt.datetime = KNOWN
    return sized([HotspotVersion(key, key, one, 0.0, since) for key, one in polygons.items()])


def test_no_hot_spots_are_named() -> None:
    [finding] = check_shapes(spots())
    assert (finding.status, finding.says) == (Status.BROKEN, "There are no hot spots today.")
    assert check_widths(spots(), [5.0]) == []


def test_neighbours_that_share_a_line_do_not_overlap() -> None:
    [finding] = check_shapes(spots(a=square(50), b=square(50, east_m=100)))
    assert (finding.status, finding.says) == (Status.OK, "2 hot spots, none overlaps.")


def test_an_overlap_is_told_with_its_area() -> None:
    [finding] = check_shapes(spots(a=square(50), b=square(50, east_m=90), far=square(50, 9000)))
    assert finding.status is Status.LOOK
    assert finding.says.startswith("a and b overlap by 1000 m²")


def test_a_buffer_makes_neighbours_overlap() -> None:
    versions = [
        HotspotVersion("a", "a", square(50), 10.0, KNOWN),
        HotspotVersion("b", "b", square(50, east_m=105), 0.0, KNOWN),
    ]
    [finding] = check_shapes(sized(versions))
    assert finding.about == "a"
    assert finding.status is Status.LOOK


def test_a_boundary_that_crosses_itself_is_named_and_spares_the_others() -> None:
    x, y = shapely.get_coordinates(square(50).centroid)[0]
    bow = shapely.Polygon([(x, y), (x + 1e-3, y + 1e-3), (x + 1e-3, y), (x, y + 1e-3)])
    crossed = spots(bow=bow, good=square(50, north_m=5000))
    [finding] = check_shapes(crossed)
    assert (finding.status, finding.about) == (Status.BROKEN, "bow")
    assert "Self-intersection" in finding.says
    assert crossed.valid().keys == ["good"]


@pytest.mark.parametrize(
    ("half_m", "accuracies", "status"),
    [
        (75, [8.0, 20.0], Status.OK),
        (15, [8.0, 20.0], Status.LOOK),
        (7, [8.0, 20.0], Status.BROKEN),
    ],
)
def test_a_hot_spot_narrower_than_the_devices_are_accurate_is_named(
    half_m: float, accuracies: list[float], status: Status
) -> None:
    [finding] = check_widths(spots(lane=square(half_m)), accuracies)
    assert finding.status is status
    assert finding.check == "width"
    if status is not Status.OK:
        assert f"its middle is {half_m} m from the edge" in finding.says


def test_the_core_of_a_square_is_a_smaller_square() -> None:
    cores = Cores(spots(a=square(50), b=square(10)))
    assert cores.shares(0.0) == pytest.approx([1, 1])
    assert cores.shares(10.0) == pytest.approx([0.64, 0], abs=1e-3)
    assert cores.shares(10.9) is cores.shares(10.0)


def test_hot_spots_that_no_plan_asks_for_are_named() -> None:
    assert check_planned(["a"], None)[0].says.startswith("No plan runs today")
    assert check_planned(["a", "b"], frozenset({"a", "b", "c"}))[0].status is Status.OK
    [finding] = check_planned(["a", "b"], frozenset({"a"}))
    assert finding.says == "No plan that runs today asks for 1 hot spot: b."


def test_the_trial_is_in_a_sea_far_from_every_hot_spot() -> None:
    assert sea_far_from([]) in SEAS
    assert sea_far_from([(53.4, -2.9)]) == SEAS[2]
    assert sea_far_from([SEAS[1], SEAS[2]]) == SEAS[0]
    assert not np.any(np.array(SEAS) == 0.0)
