"""Random hot spots: concave, thin, with holes, in parts; and tracks that meet a corner."""

import math
from dataclasses import replace

import numpy as np
import shapely
import worlds
from hypothesis import assume
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon
from shapely.affinity import rotate, scale, translate

from geofence.model import Fixes, Hotspot


@st.composite
def rings(draw: st.DrawFn) -> Polygon:
    """A polygon whose corners lie about the middle in order, some of them far out."""
    turns = draw(st.lists(st.integers(0, 359), min_size=3, max_size=9, unique=True))
    far = draw(st.lists(st.floats(4, 200), min_size=len(turns), max_size=len(turns)))
    ways = [(math.radians(turn), metres) for turn, metres in zip(sorted(turns), far, strict=True)]
    ring = Polygon([(m * math.cos(way), m * math.sin(way)) for way, m in ways])
    assume(ring.is_valid and ring.area > 1.0)
    return ring


@st.composite
def areas(draw: st.DrawFn) -> worlds.Shape:
    """A ring, perhaps flattened to a lane, with a hole, or with a second part beside it."""
    area: worlds.Shape = draw(rings())
    what = draw(st.sampled_from(["plain", "plain", "lane", "holed", "parted"]))
    if what == "lane":
        area = rotate(scale(area, 1.0, 0.03), draw(st.floats(0, 180)))
    if what == "holed":
        area = area - scale(area, 0.4, 0.4)
    if what == "parted":
        area = area | translate(draw(rings()), draw(st.floats(-300, 300)), 40.0)
    assume(area.is_valid and isinstance(area, Polygon | MultiPolygon))
    return area


@st.composite
def hotspots(draw: st.DrawFn) -> Hotspot:
    buffer_m = draw(st.sampled_from([0.0, 0.0, 7.3, 50.1]))
    return Hotspot(1, worlds.degrees(draw(areas())), buffer_m=buffer_m)


@st.composite
def tracks_at(draw: st.DrawFn, hotspot: Hotspot) -> Fixes:
    """A track of one device of which some fixes are at a corner of the hot spot, to the last bit.

    At one corner only: if a leg between two runs along slanted edges is up to rounding.
    """
    fixes = draw(worlds.walks(devices=1) | worlds.strolls(devices=1))
    corners = shapely.get_coordinates(hotspot.geometry)
    rows = np.array(draw(st.lists(st.integers(0, max(len(fixes) - 1, 0)), max_size=8)), np.int64)
    rows = rows[: len(fixes)]
    corner = corners[draw(st.integers(0, len(corners) - 1))]
    lon, lat = fixes.lon.copy(), fixes.lat.copy()
    lon[rows], lat[rows] = corner
    return replace(fixes, lon=lon, lat=lat)
