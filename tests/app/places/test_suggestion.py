import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from crimesmade import crimes

from app.compliance.calendar import Calendar
from app.importing.crimes import read
from app.places.advice import Advice, Question, advise
from app.places.checks import NO_STATIONS, Kind, Spot, Spots, Stations
from app.places.crimes import Crimes, Words
from app.places.drawn import held
from app.places.features import collection
from app.places.grid import Shape
from geofence.features import read_features

HERE, THERE, AWAY = (-2.98, 53.4), (-2.976, 53.4), (-2.9, 53.4)
QUESTION = Question(Calendar(), top=40, shape=Shape.HEXAGON, size_m=150.0)


def advice(found: Crimes, stations: Stations = NO_STATIONS, *stored: Spot) -> Advice:
    return advise(found, QUESTION, stored, stations)


def test_a_place_is_called_by_its_crimes_commonest_words() -> None:
    place = ["On or near High Street"] * 2 + ["near Market", "High Street", "", "Market", "Alley"]
    found = advice(crimes([HERE] * 4 + [THERE] * 3, place=place)).found
    assert [one.name for one in found] == ["High Street", "Alley"]
    alike = crimes(
        [HERE, HERE, HERE, THERE, THERE], place=["Parking", "Parking", "A", "Parking", ""]
    )
    assert [one.name for one in advice(alike).found] == ["Parking, A", "Parking"]
    kinds = ["near Police Station"] * 3 + ["near Bishopsgate", "near Nightclub"]
    named = advice(crimes([HERE] * 5 + [THERE], place=[*kinds, "Supermarket"])).found
    assert [one.name for one in named] == ["Bishopsgate (Police Station)", "Supermarket"]
    nameless = advice(crimes([HERE, THERE], place=["", ""])).found
    assert [one.name for one in nameless] == ["53.3996 N, 2.9811 W", "53.3996 N, 2.9766 W"]
    spelt = crimes([HERE, HERE, THERE], place=["St Martin'S Le Grand"] * 2 + ["KING'S ROAD"])
    assert [one.name for one in advice(spelt).found] == ["St Martin's Le Grand", "KING'S ROAD"]


def test_sources_of_different_months_are_told() -> None:
    months = [5.0, 40.0, 70.0]
    made = crimes([HERE] * 6, days=months * 2)
    both = replace(made, source=Words.of(["City"] * 3 + ["Wirral"] * 3))
    assert advice(both).notes == []
    (note,) = advice(both.take(np.array([0, 1, 2, 5]))).notes
    assert note.startswith(
        "Sources cover different months (City 3 months, 1970-01 to 1970-03; Wirral 1 month,"
        " 1970-03 to 1970-03): the ranking, and what is said of it, leans to those with"
        " more."
    )


def test_a_cell_that_rests_on_one_snapped_point_is_told() -> None:
    near = (HERE[0] - 0.0001, HERE[1])
    found = advice(crimes([HERE] * 9 + [near] + [THERE] * 5 + [AWAY], snapped=True))
    assert [(one.points, one.on_one_point) for one in found.found] == [
        (2, True),
        (1, True),
        (1, False),
    ]
    assert any("2 of 3 cells (*) rest on a single snapped point" in note for note in found.notes)
    exact = advice(crimes([HERE] * 9))
    assert not exact.found[0].on_one_point
    assert exact.notes == []


def test_a_weight_of_nothing_leaves_a_crime_out() -> None:
    """In whatever is said: its month, its place's name, its point, its cell."""
    theft = crimes([HERE] * 3 + [THERE], days=[3, 40, 70, 70], place=["High Street"] * 4)
    mixed = crimes(
        [*[HERE] * 3, THERE, *[HERE] * 9, AWAY],
        days=[3, 40, 70, 70, *[200.0] * 10],
        categories=["Theft"] * 4 + ["Noise"] * 10,
        place=["High Street"] * 4 + ["Nightclub"] * 10,
    )
    weights = {"theft": 2.0, "noise": 1e-9}
    question = replace(QUESTION, weights=weights)
    one = advise(theft, question, [], NO_STATIONS)
    other = advise(mixed, question, [], NO_STATIONS)
    assert other.found == one.found
    assert other.curve == one.curve
    assert other.stability == one.stability


def test_cells_of_forces_far_apart_are_told_to_be_of_other_sizes() -> None:
    found = advice(crimes([HERE] * 3 + [(-3.5, 50.7)]))
    assert [note for note in found.notes if "so far from 53.5° N" in note]
    assert "up to 6% wider or narrower" in " ".join(found.notes)
    assert advice(crimes([HERE] * 3 + [(-3.5, 54.2)])).notes == []


def test_neighbours_and_stations_are_told_with_each_place() -> None:
    beside = (HERE[0] + 0.0022, HERE[1])
    stations = Stations(np.array([AWAY[0]]), np.array([AWAY[1]]), ["a police station"])
    found = advice(crimes([HERE, HERE, beside, AWAY]), stations)
    assert [one.neighbours for one in found.found] == [1, 1, 0]
    assert [one.kind for one in found.cautions] == [Kind.STATION]
    features, faults = read_features(json.loads(json.dumps(collection(found))))
    assert faults == []
    notes = {one.id: one.properties["notes"] for one in features}
    assert [len(notes[one.key]) for one in found.found] == [0, 0, 1]


def test_stored_hot_spots_are_warned_of_but_not_of_themselves() -> None:
    first = advice(crimes([HERE]))
    (cell,) = first.found
    assert advice(crimes([HERE]), NO_STATIONS, cell.spot).cautions == []
    (caution,) = advice(crimes([HERE]), NO_STATIONS, Spot("OLD", cell.polygon)).cautions
    assert (caution.kind, caution.about) == (Kind.OVERLAP, (cell.key, "OLD"))
    assert "100% of the smaller" in caution.says


def test_drawn_places_hold_what_lies_in_them_and_twice_is_once() -> None:
    found = advice(crimes([HERE, HERE, THERE, AWAY]))
    first, second = (one.polygon for one in found.found[:2])
    spots = Spots.of([Spot("A", first), Spot("B", second), Spot("C", first)])
    answer = held(spots, found.chosen, Shape.HEXAGON, 150.0)
    assert answer.each.tolist() == [0.5, 0.25, 0.5]
    assert (answer.together, answer.cells, answer.best) == (0.75, 3, 1.0)


def test_the_citys_worst_places_are_those_that_others_found(shared_data: Path) -> None:
    """By another grid, of 100 m, and from violence and disorder of the same year."""
    folder = shared_data / "crime"
    months = [file.read_text() for file in sorted(folder.glob("2019-*-city-of-london-street.csv"))]
    year = months[0] + "".join(month.split("\n", 1)[1] for month in months[1:])
    given = read("2019.csv", year.encode(), None, Calendar()).crimes
    words = ("violence", "public order", "anti-social", "criminal damage", "robbery", "weapons")
    question = Question(Calendar(), 20, Shape.SQUARE, 150.0, words)
    ours = shapely.union_all(
        [one.polygon for one in advise(given, question, [], NO_STATIONS).found]
    )
    derived = shared_data / "areas" / "DERIVED_hotspots_city_of_london_2019_100m.geojson"
    features = json.loads(derived.read_text())["features"]
    theirs = [shapely.from_geojson(json.dumps(one["geometry"])) for one in features]
    met = [bool(shapely.intersects(ours, one)) for one in theirs]
    assert met[0]
    assert sum(met) >= 0.7 * len(met)
