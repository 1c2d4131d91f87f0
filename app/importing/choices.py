"""What a suggestion is made by beside crimes: severity weights, and where police stations are."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import shapely
from shapely.errors import GEOSException

from app.compliance.limits import HEAVIEST
from app.importing import files
from app.importing.cells import numbers, told
from app.importing.headings import STATIONS, WEIGHTS, Table
from app.importing.positions import positions
from app.importing.problems import Findings, NoTables, Problem
from app.importing.sections import Section, section_of
from app.importing.values import name, within
from app.places.checks import Stations

_WEIGHT: Final = within(0, HEAVIEST, f"a weight: a number from 0 to {HEAVIEST:g}", or_low=True)
A_STATION: Final = "a police station"


def weights(file: str, data: bytes) -> dict[str, float]:
    """The weight of each category, from a table of both; such as of days in prison.

    Raises NoTables, which names every row that is wrong: all of them are needed.
    """
    section = _section(file, data, WEIGHTS)
    category, weight = told(section, "category", name), numbers(section, "weight", _WEIGHT)
    found: dict[str, float] = {}
    wrong = [*_wrong(section, "category", category.wrong), *_wrong(section, "weight", weight.wrong)]
    for row, (called, weighs) in enumerate(zip(category.values, weight.values, strict=True)):
        if called is None or weighs is None:
            column = "category" if called is None else "weight"
            if row not in category.wrong.keys() | weight.wrong.keys():
                wrong += _wrong(section, column, {row: "it is empty"})
        elif found.setdefault(called.casefold(), weighs) != weighs:
            wrong += _wrong(section, "weight", {row: f"{called!r} has another weight above"})
    _refuse(wrong)
    return found


def stations(file: str, data: bytes) -> Stations:
    """Police stations: points of a GeoJSON FeatureCollection, or a table with `lat` and `lon`.

    What is no point counts by its middle. Raises NoTables, which says what is wrong and where.
    """
    if data.lstrip().startswith(b"{"):
        return _stations_of_geojson(file, data)
    section = _section(file, data, STATIONS)
    found = positions(section)
    _refuse([one for what in found.wrong.values() for one in _wrong(section, *what)])
    placed = np.flatnonzero(~np.isnan(found.lon))
    called = told(section, "place", name).values
    return Stations(
        found.lon[placed], found.lat[placed], [_called(called[row]) for row in placed.tolist()]
    )


def _stations_of_geojson(file: str, data: bytes) -> Stations:
    try:
        features = json.loads(data)["features"]
        shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in features]
        named = [(one.get("properties") or {}).get("name") for one in features]
    except (ValueError, KeyError, TypeError, AttributeError, GEOSException) as exc:
        msg = f"{file} is no GeoJSON FeatureCollection of points: {exc}"
        raise NoTables(msg) from exc
    middles = shapely.get_coordinates(shapely.centroid(np.array(shapes, object)))
    if len(middles) < len(shapes) or (np.abs(middles) > [180.0, 90.0]).any():
        msg = f"{file} has features without a place on Earth: degrees WGS84 are wanted"
        raise NoTables(msg)
    return Stations(middles[:, 0], middles[:, 1], [_called(one) for one in named])


def _called(given: object) -> str:
    return f"{A_STATION} ({given})" if given else A_STATION


def _section(file: str, data: bytes, table: Table) -> Section:
    findings = Findings()
    section = section_of(files.first(file, data, findings), table, findings)
    if section is None:
        _refuse(findings.problems)
    assert section is not None  # noqa: S101 -- for the type checker: there are problems
    return section


def _wrong(section: Section, column: str, wrong: Mapping[int, str]) -> Iterator[Problem]:
    for row, what in wrong.items():
        number = section.lines[row][0]
        yield Problem(section.table.name, section.sheet, number, section.shown(column), what)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise NoTables("; ".join(str(problem) for problem in problems[:10]))
