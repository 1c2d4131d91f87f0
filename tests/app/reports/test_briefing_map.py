import datetime as dt
import re
from itertools import combinations

import numpy as np
import pytest
from shapely import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from app.reports.briefing import Owed, Spot
from app.reports.briefing_map import HEIGHT, LEVELS, RADIUS, WIDTH, draw
from app.storage.hotspots import HotspotVersion

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SIDE = 0.001  # degrees


def spot(number: int, geometry: BaseGeometry, owed: Owed | None = None) -> Spot:
    place = HotspotVersion(f"HS{number}", "x", geometry, 0.0, START)
    return Spot(number, place, 1, owed, None, None)


def square(lon: float, lat: float) -> BaseGeometry:
    return box(lon, lat, lon + SIDE, lat + SIDE)


def points(outline: str) -> np.ndarray:
    return np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", outline), float)


def test_north_is_up_and_lengths_are_true() -> None:
    drawn = draw([spot(1, square(-3, 53)), spot(2, square(-3, 53.01)), spot(3, square(-2.99, 53))])
    assert drawn is not None
    one, north, east = (np.array(mark.at) for mark in drawn.marks)
    assert north[1] < one[1]
    assert north[0] == pytest.approx(one[0], abs=0.1)
    assert east[0] > one[0]
    metres = 0.01 * np.pi / 180 * 6371008.8
    assert (one[1] - north[1]) / drawn.bar * drawn.bar_m == pytest.approx(metres, rel=0.01)
    assert (east[0] - one[0]) / (one[1] - north[1]) == pytest.approx(
        np.cos(np.radians(53)), rel=0.01
    )


def test_discs_do_not_cover_each_other_and_stay_on_paper() -> None:
    rng = np.random.default_rng(1)
    places = rng.normal((-3, 53), (0.002, 0.001), (40, 2))
    drawn = draw([spot(n, square(*place)) for n, place in enumerate(places.tolist(), 1)])
    assert drawn is not None
    discs = [np.array(mark.disc) for mark in drawn.marks]
    assert min(np.hypot(*(a - b)) for a, b in combinations(discs, 2)) >= 2 * RADIUS
    for mark in drawn.marks:
        every = np.vstack([points(mark.outline), mark.disc])
        assert (every >= 0).all()
        assert (every <= (WIDTH, HEIGHT)).all()


def test_shades_tell_what_is_owed() -> None:
    owed = [None, Owed(0, 0, 3), Owed(2, 2, 2), Owed(None, 4, 9), Owed(6, 5, 6)]
    spots = [spot(n, square(-3 + n / 100, 53), one) for n, one in enumerate(owed, 1)]
    drawn = draw(spots)
    assert drawn is not None
    assert [mark.level for mark in drawn.marks] == [0, 0, 1, 2, LEVELS]


def test_a_map_of_one_of_two_parts_or_across_the_antimeridian_is_drawn() -> None:
    parts = MultiPolygon([square(179.998, -17), square(-179.999, -17)])
    drawn = draw([spot(1, parts), spot(2, square(-179.99, -17))])
    assert drawn is not None
    assert drawn.marks[0].outline.count("M") == 2
    assert drawn.marks[0].at[0] < drawn.marks[1].at[0]
    assert drawn.bar_m == 500
    assert draw([]) is None
