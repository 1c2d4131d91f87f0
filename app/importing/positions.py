"""Where rows say that it was, in degrees; swapped and impossible coordinates are found out."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from app.importing.cells import numbers
from app.importing.sections import Section
from geofence.model import Bools, Floats

FAR_DEG: Final = 1.0
"""Some hundred kilometres from the middle of the file. Swapped it must come four times nearer."""
_NEARER: Final = 4.0
_METRES: Final = 400.0  # beyond any degree: an easting or a northing


class Country(NamedTuple):
    """Ground that all of a table is on: its name, and the lon and lat of its corners, degrees."""

    name: str
    least: tuple[float, float]
    most: tuple[float, float]

    def holds(self, given: Floats) -> Bools:
        """Which positions, [n, 2], are in it or near."""
        return np.asarray(((given >= self.least) & (given <= self.most)).all(axis=1), np.bool_)


_EARTH: Final = Country("the Earth", (-180.0, -90.0), (180.0, 90.0))
UNITED_KINGDOM: Final = Country("the United Kingdom", (-9.0, 49.0), (2.5, 61.5))


class Positions(NamedTuple):
    """Longitudes and latitudes, degrees, [n], not a number where a row says none; what is wrong.

    `wrong` is by what is wrong, then column and row. `nowhere`: how many rows are at 0, 0.
    """

    lon: Floats
    lat: Floats
    wrong: Mapping[str, tuple[str, Mapping[int, str]]]
    nowhere: int


def positions(section: Section, country: Country | None = None) -> Positions:
    """The positions of a table's rows, by its columns `lon` and `lat`; all in `country`, if any."""
    columns = {column: numbers(section, column) for column in ("lon", "lat")}
    given = np.array([one.values for one in columns.values()], np.float64).reshape(2, -1).T
    nowhere = (given == 0.0).all(axis=1)
    given[nowhere] = np.nan
    unread = np.zeros(len(given), np.bool_)
    for one in columns.values():
        unread[list(one.wrong)] = True
    half = np.isnan(given).any(axis=1) & ~np.isnan(given).all(axis=1) & ~unread
    given[half] = np.nan
    possible = _EARTH.holds(given)
    swapped, about = _swapped(given, possible, country)
    impossible = ~possible & ~swapped & ~np.isnan(given).any(axis=1)
    wrong = {f"{column} makes no sense": (column, columns[column].wrong) for column in columns}
    wrong |= {
        "half a place": ("lat", dict.fromkeys(_rows(half), "one of lat and lon is empty")),
        "swapped coordinates": (
            "lat",
            {row: f"{_shown(given, row)} looks swapped: {about}" for row in _rows(swapped)},
        ),
        "nowhere on Earth": ("lat", {row: _beyond(given, row) for row in _rows(impossible)}),
    }
    if country is not None:
        what = f"not in {country.name}"
        abroad = _rows(possible & ~swapped & ~country.holds(given))
        wrong[what] = "lat", {row: f"{_shown(given, row)} is {what}" for row in abroad}
    return Positions(given[:, 0], given[:, 1], wrong, int(nowhere.sum()))


def _swapped(given: Floats, possible: Bools, country: Country | None) -> tuple[Bools, str]:
    """Which positions, [n, 2], are where they should be but the other way round, and what says so.

    Without a country they are far from the middle of the file, and near to it when turned.
    """
    if country is not None:
        turned = country.holds(given[:, ::-1]) & ~country.holds(given)
        return turned, f"the other way round it is in {country.name}"
    if not possible.any():
        return np.zeros(len(given), np.bool_), ""
    middle = np.median(given[possible], axis=0)
    about = f"the others are about {middle[1]:.2f}, {middle[0]:.2f}"
    return _turned(given, middle), about


def _turned(given: Floats, middle: Floats) -> Bools:
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
