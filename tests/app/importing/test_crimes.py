import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pytest
from crimesmade import police_uk
from hypothesis import given
from hypothesis import strategies as st
from sheets import moment, workbook

from app.compliance.calendar import Calendar
from app.importing import crimes
from app.importing.crimes import OWN, Reading
from app.importing.headings import CRIMES, SPELLINGS, column_of, squeezed
from app.importing.problems import NoTables

JANUARY = "a,2019-01,-2.98,53.40,On or near High Street,Robbery"


def read(data: bytes | str, source: str | None = None) -> Reading:
    data = data.encode() if isinstance(data, str) else data
    return crimes.read("crimes.csv", data, source, Calendar())


def own(*rows: str, head: str = "ref,time,lat,lon,category,place") -> Reading:
    return read("\n".join((head, *rows)))


def when(reading: Reading) -> list[tuple[str, str]]:
    """From and to, in UTC."""
    columns = reading.crimes.start_us.tolist(), reading.crimes.end_us.tolist()
    times = [
        [dt.datetime.fromtimestamp(us / 1e6, dt.UTC).strftime("%m-%d %H:%M") for us in column]
        for column in columns
    ]
    return list(zip(*times, strict=True))


def refusals(reading: Reading) -> list[str]:
    return [str(problem) for refused in reading.refused for problem in refused.first]


def test_a_month_of_data_police_uk_is_snapped_and_is_of_local_months() -> None:
    july = JANUARY.replace("2019-01", "2019-07").replace("a,", "b,", 1)
    found = read(police_uk(JANUARY, july))
    assert when(found) == [("01-01 00:00", "02-01 00:00"), ("06-30 23:00", "07-31 23:00")]
    assert found.crimes.snapped.all()
    assert found.crimes.source.values == ("Anyshire Police",)
    assert [ref.split("\t")[0] for ref in found.refs] == ["a", "b"]
    assert (found.refused, found.notes) == ([], [])


@pytest.mark.parametrize("newline", ["\r", "\n", "\r\n"])
def test_line_ends_are_of_any_kind(newline: str) -> None:
    assert len(read(police_uk(JANUARY, JANUARY, newline=newline)).crimes) == 2


def test_rows_without_coordinates_are_kept_without_a_place() -> None:
    found = read(police_uk(JANUARY, "b,2019-01,,,No Location,Robbery"))
    assert found.crimes.placed.tolist() == [True, False]
    assert found.crimes.place.texts() == ["On or near High Street", ""]
    zero = own("1,2019-01-01 10:00,0,0,Robbery,", "2,2019-01-01 10:00,53.4,-2.98,Robbery,")
    assert (zero.crimes.placed.tolist(), zero.nowhere, zero.refused) == ([False, True], 1, [])


def test_swapped_and_impossible_coordinates_are_named_and_cost_no_other() -> None:
    swapped = JANUARY.replace("-2.98,53.40", "53.40,-2.98")
    eastings = JANUARY.replace("-2.98,53.40", "334567,390123")
    half = JANUARY.replace("-2.98,53.40", ",53.40")
    words = JANUARY.replace("-2.98,53.40", "west,53.40")
    found = read(police_uk(JANUARY, swapped, JANUARY, eastings, half, words))
    assert len(found.crimes) == 2
    assert [(refused.what, refused.count) for refused in found.refused] == [
        ("lon makes no sense", 1),
        ("half a place", 1),
        ("swapped coordinates", 1),
        ("nowhere on Earth", 1),
    ]
    assert refusals(found) == [
        "crimes.csv, row 7, column E (Longitude): 'west' is not a number",
        "crimes.csv, row 6, column F (Latitude): one of lat and lon is empty",
        (
            "crimes.csv, row 3, column F (Latitude): latitude -2.98, longitude 53.4 looks swapped:"
            " the other way round it is in the United Kingdom"
        ),
        (
            "crimes.csv, row 5, column F (Latitude): latitude 390123, longitude 334567 is nowhere"
            " on Earth; eastings and northings are to be turned into degrees (WGS84) first"
        ),
    ]


def test_data_police_uk_is_of_the_united_kingdom_even_if_all_of_it_is_swapped() -> None:
    swapped = JANUARY.replace("-2.98,53.40", "53.40,-2.98")
    found = read(police_uk(*[swapped] * 5, JANUARY, JANUARY.replace("-2.98,53.40", "2.35,48.85")))
    assert len(found.crimes) == 1
    assert [(refused.what, refused.count) for refused in found.refused] == [
        ("swapped coordinates", 5),
        ("not in the United Kingdom", 1),
    ]
    assert refusals(found)[-1] == (
        "crimes.csv, row 8, column F (Latitude): latitude 48.85, longitude 2.35 is not in the"
        " United Kingdom"
    )


def test_in_a_table_of_ones_own_swapped_is_what_is_far_from_the_others_and_near_if_turned() -> None:
    rows = [f"{n},2019-01-01 10:00,53.4,-2.98,Theft," for n in range(3)]
    found = own(*rows, "3,2019-01-01 10:00,-2.98,53.4,Theft,", "4,2019-01-01 10:00,40,2,Theft,")
    assert len(found.crimes) == 4
    assert refusals(found) == [
        (
            "crimes.csv, row 5, column C (lat): latitude -2.98, longitude 53.4 looks swapped: the"
            " others are about 53.40, -2.98"
        )
    ]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_numbers_have_decimal_commas_where_no_comma_parts_the_cells(separator: str) -> None:
    head = "ref,time,lat,lon,category,place".replace(",", separator)
    row = "1,1;2019-01-01 10:00;51,5123;-0,0912;Theft;High Street, by no. 7,5"
    found = own(row.replace(";", separator), head=head)
    assert (found.refused, found.refs) == ([], ["1,1"])
    assert (found.crimes.lat.tolist(), found.crimes.lon.tolist()) == ([51.5123], [-0.0912])
    thousands = own("1;2019-01-01;51,512,3;-0,0912;Theft;", head="ref;time;lat;lon;category;place")
    assert [refused.what for refused in thousands.refused] == ["lat makes no sense"]


@given(
    st.floats(-170, 170),
    st.floats(-60, 60),
    st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)), min_size=3, max_size=9),
)
def test_no_town_on_earth_has_its_crimes_taken_for_swapped(
    lon: float, lat: float, steps: list[tuple[float, float]]
) -> None:
    rows = [f"{n},2019-01-01 10:00,{lat + y},{lon + x},Theft," for n, (x, y) in enumerate(steps)]
    assert own(*rows).refused == []


def test_rows_of_one_crime_id_are_crimes_each_and_come_again_as_the_same() -> None:
    asb = ",2019-01,-2.98,53.40,On or near High Street,Anti-social behaviour"
    found = read(police_uk(JANUARY, JANUARY, asb, asb))
    assert found.refs[1] == found.refs[0] + "\t2"
    assert len(set(found.refs)) == 4
    reordered = read(police_uk(asb, JANUARY, asb, JANUARY, JANUARY))
    assert set(found.refs) < set(reordered.refs)


def test_crimes_of_one_crime_id_in_two_files_are_as_many_as_in_one() -> None:
    other = "a,2019-02,-2.97,53.41,On or near Low Street,Theft"
    apart = [ref for row in (JANUARY, other) for ref in read(police_uk(row)).refs]
    assert apart == read(police_uk(JANUARY, other)).refs
    assert len(set(apart)) == 2


def test_in_a_table_of_ones_own_a_row_that_repeats_another_is_no_crime_more() -> None:
    burglary, arson = (f"7,2019-01-01 10:00,53.4,-2.98,{what}," for what in ("Burglary", "Arson"))
    seconds = [burglary.replace("7", ref, 1) for ref in ("7 (2)", "7\u00a02", "72")]
    found = own(burglary, arson, burglary, *seconds)
    assert (found.refs[:2], found.repeated, found.rows) == (["7", "7\t2"], 1, 6)
    assert len(set(found.refs)) == 5
    assert found.crimes.source.values == (OWN,)
    assert not found.crimes.snapped.any()


def test_times_are_a_moment_a_day_or_from_one_to_another() -> None:
    head = "ref,Date committed,Committed from,Date to,Committed to,latitude,longitude,offence"
    place = "53.4,-2.98,Theft"
    found = own(
        f"1,,01/07/2019 23:30,,,{place}",
        f"2,01/07/2019,23:30,,,{place}",
        f"3,2019-07-01,,,,{place}",
        f"4,2019-07-01,22:00,,02:00,{place}",
        f"5,2019-07-01,22:00,2019-07-03,08:00,{place}",
        f"6,,2019-07-01T22:00:00Z,,2019-07-01T23:00:00Z,{place}",
        f"7,,01/07/2019,,02/07/2019,{place}",
        head=head,
    )
    assert refusals(found) == []
    assert when(found) == [
        ("07-01 22:30", "07-01 22:30"),
        ("07-01 22:30", "07-01 22:30"),
        ("06-30 23:00", "07-01 23:00"),
        ("07-01 21:00", "07-02 01:00"),
        ("07-01 21:00", "07-03 07:00"),
        ("07-01 22:00", "07-01 23:00"),
        ("06-30 23:00", "07-02 23:00"),
    ]


def test_times_that_make_no_sense_are_named() -> None:
    found = own(
        "1,,53.4,-2.98,Theft,",
        "2,22:30,53.4,-2.98,Theft,",
        "3,31/02/2019 22:30,53.4,-2.98,Theft,",
        "4,2019-02-01 22:30,53.4,-2.98,,",
        "5,2019-02-01 22:30,53.4,-2.98,Theft,",
    )
    assert found.refs == ["5"]
    assert refusals(found) == [
        "crimes.csv, row 2, column B (time): there is no time, day or month",
        (
            "crimes.csv, row 3, column B (time): 22:30 is of no day: write the date with it, or in"
            " a column"
        ),
        "crimes.csv, row 4, column B (time): '31/02/2019' is no day of the calendar",
        "crimes.csv, row 5, column E (category): it is empty",
    ]
    backwards = own("1,2019-02-02,2019-02-01,53.4,-2.98,Theft", head="ref,from,to,lat,lon,category")
    assert refusals(backwards) == ["crimes.csv, row 2, column C (to): it ends before it begins"]


def test_what_is_wanted_is_told_where_columns_are_missing() -> None:
    with pytest.raises(NoTables) as excinfo:
        own("1,2019-01-01,334567,390123,Theft", head="ref,date,easting,northing,category")
    said = str(excinfo.value)
    assert "crimes.csv, row 1, column lat: the table crimes needs a column lat" in said
    assert "its heading has: ref, date, easting, northing, category" in said
    assert said.endswith("turn eastings and northings into degrees (WGS84) first")
    with pytest.raises(NoTables, match="needs a column month or date or start"):
        own("1,53.4,-2.98,Theft", head="ref,lat,lon,category")
    with pytest.raises(NoTables, match="is empty"):
        read("")


def test_a_workbook_is_read_as_well() -> None:
    rows = [["Ref", "Time", "Lat", "Long", "Offence"]]
    rows += [[1, moment("2019-07-01 23:30"), 53.4, -2.98, "Theft"]]
    rows += [[2, moment("2019-07-01 00:00"), 53.4, -2.98, "Theft"]]
    found = crimes.read("crimes.xlsx", workbook({"Crimes": rows}), "Wirral", Calendar())
    assert (found.refs, found.refused) == (["1", "2"], [])
    assert when(found) == [("07-01 22:30", "07-01 22:30"), ("06-30 23:00", "07-01 23:00")]
    assert found.crimes.source.values == ("Wirral",)


def test_a_heading_and_no_rows_hold_no_crimes() -> None:
    found = read(police_uk())
    assert (len(found.crimes), found.refs, found.refused) == (0, [], [])


def test_no_spelling_means_two_columns_of_crimes() -> None:
    own_names = {squeezed(column) for column in CRIMES.columns}
    for column in CRIMES.columns:
        for spelling in SPELLINGS[column]:
            if squeezed(spelling) not in own_names:
                assert column_of(CRIMES, spelling) == column, spelling


def test_real_months_are_read_whole(shared_data: Path) -> None:
    folder = shared_data / "crime"
    old = gzip.decompress((folder / "2014-04-merseyside-street_CR-line-ends.csv.gz").read_bytes())
    found = read(old)
    assert (len(found.crimes), found.refused) == (12_925, [])
    assert np.median(found.crimes.lat) == pytest.approx(53.42, abs=0.01)
    city = read((folder / "2019-12-city-of-london-street.csv").read_bytes())
    assert (len(city.crimes), int(city.crimes.placed.sum())) == (882, 803)
    assert len(set(city.refs)) == 882
