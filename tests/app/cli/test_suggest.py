"""`beatkeeper import crimes` and `beatkeeper suggest`: from files of crime to hot spots."""

import gzip
import json
from pathlib import Path

import pytest
from crimesmade import police_uk
from squares import collection, feature, square
from typer.testing import CliRunner

from app.cli import cli, import_crimes
from app.places.advice import PART_MONTH

NONE = "there are no crimes for this: the 111 that there are began"


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def rows(count: int, number: int, category: str = "Robbery", month: str = "2019-01") -> list[str]:
    """So many crimes at a place of this number, in a cell of its own."""
    place = f"{-2.98 + 0.004 * number:.3f},53.40"
    return [
        f"{month}-{number}-{n},{month},{place},On or near Road {number},{category}"
        for n in range(count)
    ]


@pytest.fixture
def imported(sqlite_url: str, tmp_path: Path) -> str:
    """A database with crimes at ten places in two months: most at the first, none in some order."""
    file = tmp_path / "2019-street.csv"
    made = [
        row
        for month in ("2019-01", "2019-02")
        for n in range(10)
        for row in rows(10 - n, n, "Robbery" if n % 2 else "Theft", month)
    ]
    file.write_bytes(police_uk(*made, "x,2019-01,,,No Location,Theft"))
    assert run("import", "crimes", file, "--database", sqlite_url)[0] == 0
    return sqlite_url


def test_crimes_are_imported_once_and_bad_rows_are_named(sqlite_url: str, tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    swapped = "s,2019-01,53.40,-2.98,On or near Road,Robbery"
    plain.write_bytes(police_uk(*rows(3, 0), swapped))
    packed.write_bytes(gzip.compress(police_uk(*rows(5, 0), newline="\r")))
    words = "import", "crimes", "--database", sqlite_url
    status, out, err = run(*words, plain, "--dry-run")
    assert (status, out.splitlines()[0]) == (1, "a.csv: 3 new, 0 there already, 1 not taken")
    assert out.endswith("a dry run: nothing was stored\n")
    status, out, err = run(*words, plain, packed)
    assert status == 1
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        "a.csv: 3 new, 0 there already, 1 not taken",
        "a.csv.gz: 2 new, 3 there already, 0 not taken",
    ]
    assert "places are snapped" in out
    assert err.splitlines() == [
        (
            "beatkeeper: a.csv, row 5, column F (Latitude): latitude -2.98, longitude 53.4 looks"
            " swapped: the other way round it is in the United Kingdom"
        ),
        "beatkeeper: a.csv: 1 row left out: swapped coordinates",
    ]


def test_a_file_of_which_no_row_can_be_used_is_not_done(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "swapped.csv"
    file.write_bytes(police_uk(*["s,2019-01,53.40,-2.98,On or near Road,Robbery"] * 6))
    status, out, err = run("import", "crimes", file, "--database", sqlite_url)
    assert (status, out) == (2, "swapped.csv: 0 new, 0 there already, 6 not taken\n")
    assert err.endswith("swapped.csv: 6 rows left out: swapped coordinates\n")


def test_files_that_hold_no_crimes_are_told_in_a_line_each(sqlite_url: str, tmp_path: Path) -> None:
    notes, cut = tmp_path / "notes.csv", tmp_path / "cut.gz"
    notes.write_text("nothing,of use\n1,2\n")
    cut.write_bytes(gzip.compress(b"x" * 1000)[:20])
    missing = tmp_path / "missing.csv"
    status, out, err = run("import", "crimes", notes, cut, missing, "--database", sqlite_url)
    assert (status, out) == (2, "")
    said = err.splitlines()
    assert said[0].startswith("beatkeeper: notes.csv, row 1, column category: the table crimes")
    assert said[1].startswith(f"beatkeeper: cannot read {cut}: it is no whole gzip file")
    assert said[2] == f"beatkeeper: cannot read {missing}: No such file or directory"


def test_of_a_heading_alone_one_thing_is_said(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(police_uk())
    said = run("import", "crimes", file, "--database", sqlite_url)
    assert said == (0, "a.csv: there is no crime in it\n", "")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (["1,2019-01-01,55.8,-2.98"], "that is far from what is there, about latitude 53.40"),
        (["1,2019-01-01,-2.98,53.4", "2,2019-01-01,53.4,-2.98"], "latitudes -2.98 and 53.40 are"),
        (["1,2099-01-01,53.4,-2.98"], "1 of them in the future"),
        (["1,2019-01-01,53.4,-2.98"], ""),
    ],
)
def test_what_looks_swapped_throughout_or_misdated_is_told(
    sqlite_url: str, tmp_path: Path, made: list[str], said: str
) -> None:
    there, file = tmp_path / "there.csv", tmp_path / "own.csv"
    there.write_bytes(police_uk(*rows(1, 0)))
    heading = "ref,date,lat,lon,category"
    file.write_text("\n".join([heading, *(f"{row},Theft" for row in made)]))
    run("import", "crimes", there, "--database", sqlite_url)
    status, out, _ = run("import", "crimes", file, "--database", sqlite_url)
    doubts = out.splitlines()[2:]
    assert status == 0
    assert [line.strip().startswith(said) for line in doubts] == [True] * bool(said)


def test_a_file_far_from_all_that_is_there_is_refused_unless_it_is_said_to_be(
    sqlite_url: str, tmp_path: Path
) -> None:
    drawn, own = tmp_path / "drawn.geojson", tmp_path / "own.csv"
    drawn.write_text(json.dumps(feature("HS1", square())))
    words = "import", "crimes", own, "--database", sqlite_url

    def write(place: str) -> None:
        own.write_text(f"ref;date;lat;lon;category\n1;2019-01-01;{place};Theft\n")

    write("-2,98;53,4")
    run("import", "hotspots", drawn, "--database", sqlite_url)
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.startswith(
        "beatkeeper: own.csv: most of its crimes are about latitude -2.98, longitude 53.40, more"
        " than 300 km from what is there, about latitude 53.40, longitude -2.98: they look swapped"
    )
    write("48,85;2,35")
    assert "see that this is right; --elsewhere takes them" in run(*words)[2]
    assert run(*words, "--elsewhere")[1].startswith("own.csv: 1 new")
    assert run(*words)[1].startswith("own.csv: 0 new, 1 there already")


def test_days_are_told_as_the_clock_on_the_wall_has_them(sqlite_url: str, tmp_path: Path) -> None:
    summer, own = tmp_path / "2014-04.csv", tmp_path / "own.csv"
    summer.write_bytes(police_uk(*rows(2, 0, month="2014-04")))
    own.write_text("ref,time,lat,lon,category\n" + "1,2019-07-01,53.4,-2.98,Theft\n" * 2)
    out = run("import", "crimes", summer, own, "--database", sqlite_url)[1]
    assert "  from 2014-04-01 to 2014-04-30, about latitude 53.40, longitude -2.98\n" in out
    assert "  from 2019-07-01 to 2019-07-01, about latitude 53.40" in out
    assert "  1 row repeats what another says of the same reference\n" in out


def test_files_larger_than_memory_is_meant_for_are_refused_packed_or_not(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_crimes, "MOST_BYTES", 300)
    files = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    files[0].write_bytes(police_uk(*rows(5, 0)))
    files[1].write_bytes(gzip.compress(police_uk(*rows(5, 0))))
    status, out, err = run("import", "crimes", *files, "--database", sqlite_url)
    assert (status, out) == (2, "")
    assert [
        line.endswith("it holds more than 0 MiB; import it in parts") for line in err.splitlines()
    ] == [True] * 2


def test_what_is_suggested_can_be_imported_as_it_is(imported: str, tmp_path: Path) -> None:
    out = tmp_path / "spots.geojson"
    status, said, told = run("suggest", "--top", 4, "--out", out, "--database", imported)
    assert (status, told) == (0, f"4 places written to {out}\n")
    for words in ("snapped", "Times are months", "no place", "The ranking is steady"):
        assert words in said
    found = json.loads(out.read_text())
    properties = [one["properties"] for one in found["features"]]
    assert [one["name"] for one in properties] == ["Road 0", "Road 1", "Road 2", "Road 3"]
    assert [one["crimes"] for one in properties] == [20, 18, 16, 14]
    assert properties[0]["share"] == pytest.approx(20 / 110, abs=1e-6)
    assert "single snapped point" in " ".join(properties[0]["notes"])
    assert run("import", "hotspots", out, "--database", imported) == (
        0,
        "4 hot spots imported\n",
        "",
    )
    # Those are the same places: nothing overlaps but what is another's.
    assert json.loads(run("suggest", "--json", "--database", imported)[1])["cautions"] == []


def test_the_curve_and_stability_are_given_to_programs(imported: str) -> None:
    words = "suggest", "--category", "robb", "--json", "--database", imported, "--top"
    answer = json.loads(run(*words, 3)[1])
    assert (answer["crimes"], answer["placed"], answer["cells"]) == (50, 50, 5)
    assert answer["curve"] == [{"top": 3, "of_placed": 0.84, "of_all": 0.84, "of_area": 0.6}]
    steady = answer["stability"]
    assert (steady["verdict"], steady["chance"], steady["kept"]) == ("steady", 0.6, 1.0)
    (step,) = steady["steps"]
    assert (step["before"], step["after"], step["held"]) == ("2019-01-01", "2019-02-01", 0.84)
    assert [one["crimes"] for one in answer["suggestions"]] == [18, 14, 10]
    steady = json.loads(run(*words, 5)[1])["stability"]
    assert (steady["verdict"], steady["kept"], steady["steps"]) == ("unknown", None, [])
    assert steady["unknown"] == "there are but 5 cells with crime, and all of them are chosen"


def test_severity_weights_change_the_order(imported: str, tmp_path: Path) -> None:
    weights = tmp_path / "weights.csv"
    weights.write_text("category,weight\nRobbery,365\n")
    words = "suggest", "--top", 2, "--json", "--database", imported, "--weights", weights
    status, _, err = run(*words)
    assert (status, err) == (2, "beatkeeper: these categories have no weight: Theft (61)\n")
    answer = json.loads(run(*words, "--default-weight", 1)[1])
    assert [(one["name"], one["weight"]) for one in answer["suggestions"]] == [
        ("Road 1", 18 * 365),
        ("Road 3", 14 * 365),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--category", "arson"], "no crime is of a category 'arson'; there are: Theft (61), Rob"),
        (["--hours", "22-4"], "hours of day cannot be told: none of these crimes is known to"),
        (["--hours", "night"], "--hours night is not hours such as 22-4"),
        (["--from", "2020-01-01"], f"{NONE} from 2019-01-01 to 2019-02-01"),
        (["--to", "2018-12-31"], f"{NONE} from 2019-01-01 to 2019-02-01"),
        (["--from", "2019-02-01", "--to", "2019-01-31"], "--from is after --to"),
        (["--check", "a.geojson", "--out", "b.geojson"], "--out is for suggestions, and --check"),
        (["--default-weight", "3"], "--default-weight is for categories that --weights FILE does"),
        (["--source", "Wirral"], "nobody called 'Wirral' recorded any; there are: Anyshire Police"),
        (["--weights", "none.csv"], "cannot read none.csv: No such file or directory"),
        (["--out", "/none/spots.geojson"], "/none/spots.geojson cannot be written: No such file"),
        (["--time-zone", "Mars"], "no time zone is called 'Mars'"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_line(
    imported: str, words: list[str], said: str
) -> None:
    status, out, err = run("suggest", "--database", imported, *words)
    assert status == 2
    assert err.startswith(f"beatkeeper: {said}")
    assert (out == "") == ("/none/spots.geojson" not in words)
    assert len(err.splitlines()) == 1


def test_weights_that_no_crime_has_are_named(imported: str, tmp_path: Path) -> None:
    weights = tmp_path / "weights.csv"
    weights.write_text("category;weight\nRobbery;365\nTheft;1,5\nTheift;2\n")
    words = "suggest", "--database", imported, "--weights", weights
    said = "No crime is of these categories of the weights: 'theift'."
    answer = json.loads(run(*words, "--category", "robbery", "--json")[1])
    assert said in answer["notes"]
    drawn = tmp_path / "drawn.geojson"
    drawn.write_text(json.dumps(collection(feature("A", square(lon=-2.9765, lat=53.3995)))))
    assert json.loads(run(*words, "--check", drawn, "--json")[1])["notes"] == [said]
    assert f"note: {said}" in run(*words, "--check", drawn)[1].splitlines()


def test_an_empty_database_has_nothing_to_suggest(sqlite_url: str) -> None:
    status, _, err = run("suggest", "--database", sqlite_url)
    assert status == 2
    assert err.startswith("beatkeeper: there are no crimes: import some with")


def test_a_month_that_is_cut_is_told_where_crimes_are_of_months(imported: str) -> None:
    def notes(*words: object) -> list[str]:
        told: list[str] = json.loads(run("suggest", "--json", "--database", imported, *words)[1])[
            "notes"
        ]
        return told

    assert PART_MONTH in notes("--from", "2019-01-15")
    assert PART_MONTH in notes("--to", "2019-01-10")
    assert PART_MONTH not in notes("--from", "2019-01-01", "--to", "2019-01-31")


def test_hot_spots_that_are_there_and_stations_are_warned_of(imported: str, tmp_path: Path) -> None:
    drawn, stations = tmp_path / "drawn.geojson", tmp_path / "stations.csv"
    drawn.write_text(json.dumps(feature("OLD", square(lon=-2.9805, lat=53.3995))))
    stations.write_text("name,lat,lon\nSt Anne Street,53.40,-2.976\n")
    run("import", "hotspots", drawn, "--database", imported)
    words = "suggest", "--top", 2, "--json", "--database", imported, "--stations", stations
    first, second = json.loads(run(*words)[1])["cautions"]
    assert (first["kind"], first["about"][1]) == ("overlap", "OLD")
    assert second["kind"] == "station"
    assert "a police station (St Anne Street)" in second["says"]


def test_drawn_hot_spots_are_checked_and_held_against_crime(imported: str, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.geojson"
    good, large = square(lon=-2.9765, lat=53.3995), square(lon=-2.0, side=0.01)
    drawn.write_text(json.dumps(collection(feature("A", good), feature("B", large))))
    words = "suggest", "--check", drawn, "--database", imported
    status, out, _ = run(*words)
    assert status == 0
    assert "B covers" in out
    assert "Together they hold 16.4% of crime with a place" in out
    answer = json.loads(run(*words, "--json")[1])
    assert answer["shares"] == {"A": pytest.approx(18 / 110), "B": 0.0}
    assert [one["kind"] for one in answer["cautions"]] == ["large"]
    drawn.write_text("{}")
    status, _, err = run(*words)
    assert (status, err) == (2, f"beatkeeper: {drawn}: is not a GeoJSON FeatureCollection\n")
