import datetime as dt

import pytest

from app.importing.values import (
    name,
    names,
    note,
    number,
    time_zone,
    treatment,
    weekdays,
    whole,
    within,
    yes_or_no,
)


@pytest.mark.parametrize(
    ("cell", "text"), [(" PC1234 ", "PC1234"), (1234, "1234"), (1234.0, "1234"), ("0123", "0123")]
)
def test_a_number_that_a_spreadsheet_made_of_a_name_is_the_name(
    cell: str | float, text: str
) -> None:
    assert name(cell) == text


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (dt.date(2026, 1, 2), "format the cell as text"),
        (True, "format the cell as text"),
        ("x" * 201, "longer than 200"),
        ("a\nb", "line break"),
    ],
)
def test_what_is_no_name_is_told(cell: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        name(cell)  # type: ignore[arg-type]  # any cell there may be


def test_a_note_may_have_several_lines_and_no_control_characters() -> None:
    assert (
        note(" Walk the arcade.\nTalk to the traders. ") == "Walk the arcade.\nTalk to the traders."
    )
    with pytest.raises(ValueError, match="control character"):
        note("a\0b")
    with pytest.raises(ValueError, match="longer than 4000"):
        note("x" * 4_001)


def test_names_have_commas_or_semicolons_between_them() -> None:
    assert names("Centre, North; South,") == ("Centre", "North", "South")


@pytest.mark.parametrize(
    ("cell", "value"), [(0.9, 0.9), ("0.9", 0.9), ("90%", 0.9), ("90 %", 0.9), (15, 15)]
)
def test_a_number_may_be_in_per_cent(cell: str | float, value: float) -> None:
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["nine", "inf", "nan", True, "1,5"])
def test_what_is_no_number_is_told(cell: str | float) -> None:
    with pytest.raises(ValueError, match="is not a"):
        number(cell)


def test_numbers_have_bounds() -> None:
    assert within(0, 1, "a share")(1) == 1
    with pytest.raises(ValueError, match="'90' is not a share"):
        within(0, 1, "a share")(90)
    assert whole(1, 10)(10.0) == 10
    assert whole(-(2**63), 2**63 - 1)(str(2**63 - 1)) == 2**63 - 1
    for cell in (11, 0, 1.5, "two"):
        with pytest.raises(ValueError, match="is not a whole number from 1 to 10"):
            whole(1, 10)(cell)


def test_yes_and_no_and_arms_in_their_spellings() -> None:
    assert [yes_or_no(cell) for cell in ("Yes", "x", True, 1, 1.0, "TRUE")] == [True] * 6
    assert [yes_or_no(cell) for cell in ("no", "N", False, 0, "-")] == [False] * 5
    assert [treatment(cell) for cell in ("Treatment", "T", "control", "C")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ValueError, match="neither yes nor no"):
        yes_or_no("perhaps")
    with pytest.raises(ValueError, match="neither treatment nor control"):
        treatment("both")


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
        ("Every day", {0, 1, 2, 3, 4, 5, 6}),
        ("Mon-Fri", {0, 1, 2, 3, 4}),
        ("Monday to Friday", {0, 1, 2, 3, 4}),
        ("Fri - Mon", {4, 5, 6, 0}),
        ("Fri,Sat", {4, 5}),
        ("Fri & Sat", {4, 5}),
        ("Tue/Thurs", {1, 3}),
        ("Weds and Sundays", {2, 6}),
        ("Mon-Wed, Sat", {0, 1, 2, 5}),
        ("weekdays", {0, 1, 2, 3, 4}),
        ("Weekends", {5, 6}),
    ],
)
def test_days_of_the_week_are_read_as_people_write_them(cell: str, days: set[int]) -> None:
    assert weekdays(cell) == days


@pytest.mark.parametrize("cell", ["T", "Mon-", "Fr1", ",", "Funday", "1-5"])
def test_what_is_no_day_of_the_week_is_told(cell: str) -> None:
    with pytest.raises(ValueError, match=r"days? of the week"):
        weekdays(cell)


def test_a_time_zone_that_there_is_not_is_told() -> None:
    assert time_zone("Europe/Dublin").key == "Europe/Dublin"
    with pytest.raises(ValueError, match="no time zone is called 'Europe/Lodnon'"):
        time_zone("Europe/Lodnon")
