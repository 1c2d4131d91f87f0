"""Where rows say that it was, in degrees; swapped and impossible coordinates are found out."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from app.importing.cells import told
from app.importing.sections import Section
from app.importing.values import number
from geofence.model import Bools, Floats

FAR_DEG: Final = 1.0
"""Some hundred kilometres from the middle of the file. Swapped it must come four times nearer."""
_NEARER: Final = 4.0
_METRES: Final = 400.0  # beyond any degree: an easting or a northing
_LARGEST: Final = np.array([180.0, 90.0])


class Positions(NamedTuple):
    """Longitudes and latitudes, degrees, [n], not a number where a row says none; what is wrong.

    `wrong` is by what is wrong, then column and row. `nowhere`: how many rows are at 0, 0.
    """

    lon: Floats
    lat: Floats
    wrong: Mapping[str, tuple[str, Mapping[int, str]]]
    nowhere: int


def positions(section: Section) -> Positions:
    """The positions of a table's rows, by its columns `lon` and `lat`."""
    columns = {column: told(section, column, number) for column in ("lon", "lat")}
    given = np.array([one.values for one in columns.values()], np.float64).reshape(2, -1).T
    nowhere = (given == 0.0).all(axis=1)
    given[nowhere] = np.nan
    unread = np.zeros(len(given), np.bool_)
    for one in columns.values():
        unread[list(one.wrong)] = True
    half = np.isnan(given).any(axis=1) & ~np.isnan(given).all(axis=1) & ~unread
    given[half] = np.nan
    possible = (np.abs(given) <= _LARGEST).all(axis=1)
    middle = np.median(given[possible], axis=0) if possible.any() else np.zeros(2)
    swapped = _swapped(given, middle) if possible.any() else np.zeros(len(given), np.bool_)
    impossible = ~possible & ~swapped & ~np.isnan(given).any(axis=1)
    wrong = {f"{column} makes no sense": (column, columns[column].wrong) for column in columns}
    about = f"the others are about {middle[1]:.2f}, {middle[0]:.2f}"
    wrong |= {
        "half a place": ("lat", dict.fromkeys(_rows(half), "one of lat and lon is empty")),
        "swapped coordinates": (
            "lat",
            {row: f"{_shown(given, row)} looks swapped: {about}" for row in _rows(swapped)},
        ),
        "nowhere on Earth": ("lat", {row: _beyond(given, row) for row in _rows(impossible)}),
    }
    return Positions(given[:, 0], given[:, 1], wrong, int(nowhere.sum()))


def _swapped(given: Floats, middle: Floats) -> Bools:
    """Which positions are far from the middle of the file, and near to it the other way round."""
    away = np.hypot(*(given - middle).T)
    turned = np.hypot(*(given[:, ::-1] - middle).T)
    swapped: Bools = (away > FAR_DEG) & (turned * _NEARER < away)
    return swapped


def _rows(which: Bools) -> list[int]:
    return np.flatnonzero(which).tolist()


def _shown(given: Floats, row: int) -> str:
    lon, lat = given[row].tolist()
    return f"latitude {lat:.8g}, longitude {lon:.8g}"


def _beyond(given: Floats, row: int) -> str:
    what = f"{_shown(given, row)} is nowhere on Earth"
    if np.abs(given[row]).max() > _METRES:
        what += "; eastings and northings are to be turned into degrees (WGS84) first"
    return what
