"""Hot spots that somebody drew: what crime they hold beside the best cells of as much ground."""

from typing import NamedTuple

import numpy as np
import shapely

from app.places.advice import Chosen
from app.places.checks import Spots
from app.places.grid import Grid, Shape
from app.places.ranking import ranked
from geofence.model import Floats


class Held(NamedTuple):
    """What hot spots hold of the weight of crimes with a place, shares of 0 to 1."""

    each: Floats  # [h]; where two overlap, both have it
    together: float  # once each
    area_m2: float  # of all of them
    cells: int  # as many of the grid as cover so much ground
    best: float  # what the first of those hold


def held(spots: Spots, chosen: Chosen, shape: Shape, size_m: float) -> Held:
    """What `spots` hold of the crimes chosen, and what as much ground could."""
    placed = np.flatnonzero(chosen.crimes.placed)
    lon, lat = chosen.crimes.lon[placed], chosen.crimes.lat[placed]
    weight = chosen.weight[placed]
    total = weight.sum()
    spot, crime = spots.holding(lon, lat)
    each = np.bincount(spot, weight[crime], len(spots.keys)) / total
    area_m2 = float(shapely.area(spots.ready.polygon).sum())
    grid = Grid.around(shape, size_m, lat)
    ranking = ranked(chosen.crimes, chosen.weight, grid)
    cells = min(max(round(area_m2 / grid.area_m2), 1), len(ranking))
    return Held(
        each,
        float(weight[np.unique(crime)].sum() / total),
        area_m2,
        cells,
        float(ranking.weight[:cells].sum() / total),
    )
