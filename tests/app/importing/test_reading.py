import datetime as dt

import pytest
from sheets import Rows, moment, table, workbook

from app.compliance.calendar import Calendar
from app.compliance.plan import Window
from app.importing import reading
from app.importing.entries import (
    Abstraction,
    Assignment,
    Briefing,
    DutyTime,
    Officer,
    PlanHotspot,
    PlanWindow,
    Tables,
    Team,
    TrialDay,
)
from app.importing.grid import Grid, Merged
from app.importing.problems import Findings, NoTables
from app.importing.sections import sections

HEAD = ["Collar No", "Date", "Time on", "Time off"]


def read(*given: tuple[str, bytes], named: str | None = None) -> tuple[Tables, Findings]:
    findings = Findings()
    return reading.read(given, named, Calendar(), findings), findings


def read_sheet(title: str, rows: Rows, *merged: str) -> tuple[Tables, list[str]]:
    tables, findings = read(("f.xlsx", workbook({title: rows}, {title: merged})))
    return tables, [str(problem) for problem in findings.problems]


def us(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1_000_000)


def duty(officer: str, start: str, end: str) -> DutyTime:
    return DutyTime(officer, us(start), us(end))


def test_every_table_is_read_from_one_workbook() -> None:
    book = workbook(
        {
            "Teams": [["Name"], ["Late"]],
            "Nominal roll": [["Collar No", "Name", "Team"], [7, "A. Example", "Late"]],
            "Radio log": [
                ["Radio", "Collar No", "From", "To"],
                ["r1", 7, moment("2026-01-02 14:00"), None],
            ],
            "Duty": [HEAD, [7, dt.date(2026, 1, 2), dt.time(14), dt.time(22)]],
            "Abstractions": [
                ["Officer", "Team", "Date", "Start", "End", "Reason"],
                [7, None, "02/01/2026", "18:00", "20:00", "football"],
                [None, "Late", "02/01/2026", "20:00", "21:00", "football"],
                [None, "everybody", "02/01/2026", "21:00", "22:00", "bonfires"],
            ],
            "Plans": [
                ["Plan", "Window", "Days", "Start", "End", "Patrols", "Min", "Target", "First day"],
                ["p", "late", "Fri-Sat", "22:00", "02:00", 2, 12, "90%", dt.date(2026, 1, 2)],
                ["p", "day", None, "10:00", "24:00", None, None, None, None],
            ],
            "Plan hot spots": [
                ["Plan", "Hot spot", "Harm", "Task", "Notes"],
                ["p", "HS1", 3, "Walk", "a\nb"],
                ["p", "HS2", None, None, None],
            ],
            "Trial days": [
                ["Plan", "Hot spot", "Day", "Group"],
                ["p", "HS1", "02/01/2026", "control"],
            ],
            "Briefings": [["Hot spot", "Tasking"], ["HS2", "Talk"]],
        }
    )
    tables, findings = read(("f.xlsx", book))
    assert findings == Findings()
    assert [one.entry for one in tables.teams] == [Team("Late")]
    assert [one.entry for one in tables.officers] == [Officer("7", "A. Example", {"team": "Late"})]
    assert [one.entry for one in tables.assignments] == [
        Assignment("r1", "7", us("2026-01-02T14:00Z"), None)
    ]
    assert [one.entry for one in tables.duty] == [
        duty("7", "2026-01-02T14:00Z", "2026-01-02T22:00Z")
    ]
    ten_to = [us(f"2026-01-02T{hour}:00Z") for hour in (18, 20, 21, 22)]
    assert [one.entry for one in tables.abstractions] == [
        Abstraction("7", None, ten_to[0], ten_to[1], "football"),
        Abstraction(None, "Late", ten_to[1], ten_to[2], "football"),
        Abstraction(None, None, ten_to[2], ten_to[3], "bonfires"),
    ]
    late = Window("late", dt.time(22), dt.time(2), frozenset({4, 5}), 2)
    values = {"minimum": 12, "target": 0.9, "first_day": dt.date(2026, 1, 2)}
    assert [one.entry for one in tables.plans] == [
        PlanWindow("p", "late", late, values),
        PlanWindow("p", "day", Window("day", dt.time(10), dt.time(0)), {}),
    ]
    assert [one.entry for one in tables.plan_hotspots] == [
        PlanHotspot("p", "HS1", 3, "Walk", "a\nb"),
        PlanHotspot("p", "HS2", 1, None, ""),
    ]
    assert [one.entry for one in tables.trial_days] == [
        TrialDay("p", "HS1", dt.date(2026, 1, 2), treatment=False)
    ]
    assert [one.entry for one in tables.briefings] == [Briefing("HS2", "Talk", "")]


@pytest.mark.parametrize(
    "text",
    [
        "Collar No,Date,Time on,Time off\n7,31/10/2026,22:00,07:00\n",
        "\ufeffSHOULDER_NUMBER;duty date;from;to\r\n7;2026-10-31;2200;0700\r\n",
        "officer\tstart\tend\n\n7\t31/10/2026 22:00\t01/11/2026 07:00\n",
        "Duty, of Mon, Tue, Wed, Thu, Fri, Sat\nofficer;date;start;end\n7;31/10/2026;2200;0700\n",
        'Week 44,,\n"Officer No.","Start","End"\n"7","2026-10-31T22:00Z","2026-11-01T07:00Z"\n',
    ],
)
def test_a_roster_is_known_by_its_heading_whatever_its_spelling(text: str) -> None:
    tables, findings = read(("week 44.csv", text.encode()))
    assert findings == Findings()
    night = duty("7", "2026-10-31T22:00Z", "2026-11-01T07:00Z")
    assert [one.entry for one in tables.duty] == [night]


@pytest.mark.parametrize(
    ("date", "start", "end", "hours"),
    [
        ("02/01/2026", "22:00", "24:00", 2),
        ("02/01/2026", "22:00", "22:00", 24),
        ("02/01/2026", "00:00", "24:00", 24),
        # A night of a clock change has an hour less, or more.
        ("28/03/2026", "22:00", "07:00", 8),
        ("24/10/2026", "22:00", "07:00", 10),
    ],
)
def test_a_shift_across_midnight_ends_on_the_next_day(
    date: str, start: str, end: str, hours: float
) -> None:
    tables, findings = read(
        ("duty.csv", f"officer,date,start,end\n7,{date},{start},{end}\n".encode())
    )
    assert findings == Findings()
    (one,) = tables.duty
    assert (one.entry.end_us - one.entry.start_us) / 3.6e9 == hours


def test_midnight_in_a_cell_of_hours_is_the_end_of_the_day() -> None:
    head = ["officer", "date", "start", "end"]
    row = ["7", dt.date(2026, 1, 2), dt.time(22), dt.timedelta(days=1)]
    tables, problems = read_sheet("Duty", [head, row])
    assert problems == []
    assert tables.duty[0].entry == duty("7", "2026-01-02T22:00Z", "2026-01-03T00:00Z")


def test_an_end_may_have_a_date_of_its_own() -> None:
    text = "officer,start date,start time,end date,end time\n7,31/10/2026,08:00,02/11/2026,08:00\n"
    tables, findings = read(("duty.csv", text.encode()))
    assert findings == Findings()
    assert tables.duty[0].entry == duty("7", "2026-10-31T08:00Z", "2026-11-02T08:00Z")


@pytest.mark.parametrize(
    ("row", "end"),
    [
        ("30/10/2026,08:00,31/10/2026,24:00", "2026-11-01T00:00Z"),
        ("30/10/2026,08:00,31/10/2026,00:00", "2026-10-31T00:00Z"),
        (",30/10/2026 08:00,31/10/2026,24:00", "2026-11-01T00:00Z"),
        (",30/10/2026 08:00,,31/10/2026 24:00", "2026-11-01T00:00Z"),
    ],
)
def test_the_end_of_a_day_is_that_of_the_day_it_is_written_with(row: str, end: str) -> None:
    tables, findings = read(("duty.csv", f"officer,date,start,end date,end\n7,{row}\n".encode()))
    assert findings == Findings()
    assert [one.entry.end_us for one in tables.duty] == [us(end)]


def test_the_end_of_a_day_without_a_date_is_of_no_day() -> None:
    _, findings = read(("duty.csv", b"officer,start,end\n7,30/10/2026 08:00,24:00\n"))
    what = "24:00 is of no day: write the date with it, or in a column"
    assert [one.what for one in findings.problems] == [what]


def test_every_problem_of_every_row_is_named_by_row_and_column() -> None:
    rows = [
        ["Duties of week 44"],
        [],
        HEAD,
        [7, "10/31/2026", "22:00", "07:00"],
        [None, "31/10/2026", "25:00", "07:00"],
        [],
        [7, "31/10/2026", "22:00", None],
        [7, None, "22:00", "07:00"],
        [7, None, moment("2026-10-31 22:00"), moment("2026-10-31 07:00")],
    ]
    tables, problems = read_sheet("Duty", rows, "A1:D1")
    assert tables.duty == []
    places = [problem.partition(": ")[0].removeprefix("f.xlsx!Duty, ") for problem in problems]
    assert places == [
        "row 4, column B (Date)",
        "row 5, column A (Collar No)",
        "row 5, column C (Time on)",
        "row 7, column D (Time off)",
        "row 8, column C (Time on)",
        "row 9, column D (Time off)",
    ]
    said = [problem.partition(": ")[2] for problem in problems]
    assert "looks month first" in said[0]
    assert said[1:2] + said[3:4] == ["it is empty"] * 2
    assert said[4] == "22:00 is of no day: write the date with it, or in a column"
    assert said[5] == "it ends before it begins, or at once"


def test_merged_cells_in_a_table_are_named_and_their_rows_are_not_called_empty() -> None:
    rows = [HEAD, [7, "31/10/2026", "22:00", "07:00"], [None, "01/11/2026", "22:00", "07:00"]]
    _, problems = read_sheet("Duty", rows, "A2:A3")
    what = "the cells Duty!A2:A3 are merged; unmerge them and fill in each"
    assert problems == [f"f.xlsx!Duty, row 2, column A: {what}"]


def test_cells_under_merged_ranges_say_nothing_and_others_of_their_rows_do() -> None:
    rows = [HEAD, [7, "31/10/2026", "22:00", "soon"], [8, "01/11/2026", "22:00", "07:00"]]
    tables, problems = read_sheet("Duty", rows, "A2:C2")
    assert [problem.partition(": ")[0] for problem in problems] == [
        "f.xlsx!Duty, row 2, column A",
        "f.xlsx!Duty, row 2, column D (Time off)",
    ]
    assert [one.entry.officer for one in tables.duty] == ["8"]


def test_a_sheet_full_of_merged_cells_is_told_in_a_line() -> None:
    grid = Grid("f.xlsx", "Duty", [(1, HEAD)], [Merged("A2:A3", 2, 3, 1, 1)] * 1_001)
    findings = Findings()
    assert sections([grid], None, findings) == []
    what = "more than 1000 ranges of cells are merged; unmerge all of them"
    assert [one.what for one in findings.problems] == [what]


def test_formulas_are_read_by_their_values_and_told_where_they_have_none() -> None:
    _, problems = read_sheet("Duty", [HEAD, [7, "31/10/2026", "22:00", "=C1"], ["=A2"]])
    assert [problem.partition(": ")[2][:36] for problem in problems] == [
        "it is a formula without a stored val",
        "it is a formula without a stored val",
        "it is empty",
        "it is empty",
    ]


def test_an_error_of_the_spreadsheet_is_told() -> None:
    _, problems = read_sheet("Duty", [HEAD, ["#REF!", "31/10/2026", "22:00", "07:00"]])
    assert problems == ["f.xlsx!Duty, row 2, column A (Collar No): it holds the error #REF!"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "officer,date,begin\n7,x,y\n",
            "needs a column end; its heading has: officer, da",
        ),
        ("a,b\n1,2\n", "needs a column officer"),
        ("officer,collar no,start,end\n", "A (officer) and B (collar no) both mean 'officer'"),
    ],
)
def test_a_column_that_is_missing_or_there_twice_is_named(text: str, said: str) -> None:
    _, findings = read(("duty.csv", text.encode()))
    assert said in str(findings.problems[0])


def test_nobody_is_on_duty_for_more_than_a_week_but_may_be_taken_off_it_for_longer() -> None:
    row = "7,01/01/2026 08:00,{}\n"
    text = "officer,start,end\n" + row.format("01/01/2027 16:00") + row.format("08/01/2026 08:00")
    [problem] = read(("duty.csv", text.encode()))[1].problems
    assert (problem.row, problem.what) == (
        2,
        "it is 365.333 days after start; nobody is on duty for over 7 days",
    )
    text = "officer,start,end,reason\n7,01/01/2026 08:00,01/01/2027 16:00,a new office\n"
    assert read(("abstractions.csv", text.encode()))[1].problems == []


def test_abstractions_without_a_column_that_says_of_whom_are_refused() -> None:
    _, findings = read(("abstractions.csv", b"Name,Start,End,Reason\nJo,x,y,z\n"))
    assert "needs a column officer or team" in str(findings.problems[0])


def test_columns_and_sheets_that_say_nothing_are_noted() -> None:
    book = workbook({"Duty": [[*HEAD, "Rank"]], "Notes": [["hello"]]})
    _, findings = read(("f.xlsx", book))
    assert findings.problems == []
    assert findings.notes == [
        "f.xlsx!Duty: these columns were not read: 'Rank'",
        "f.xlsx!Duty has no rows below its heading",
        "f.xlsx!Notes was passed over: its heading is that of no table",
    ]


def test_a_sheet_is_what_the_caller_says_where_its_heading_does_not_tell() -> None:
    tables, findings = read(("f.csv", b"Name\nLate\n"), named="teams")
    assert findings == Findings()
    assert [one.entry.name for one in tables.teams] == ["Late"]


def test_text_that_is_not_utf8_is_read_as_windows_text_and_noted() -> None:
    tables, findings = read(("teams.csv", "Name\nZoë\n".encode("cp1252")))
    assert tables.teams[0].entry.name == "Zoë"
    assert findings.notes == ["teams.csv is not UTF-8; it was read as Windows text (cp1252)"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b" \n", "is empty"),
        (b"a,b\n1,2\n", "no table in it that is known: call it or its sheet one of teams, off"),
        (b"\xd0\xcf\x11\xe0 old", "old or encrypted workbook"),
        (b"PK\x03\x04 broken", "no workbook that can be read"),
        (b"\x89PNG\0\0", "neither CSV nor XLSX"),
        (b'officer,start\n"7,x\n', "cannot be read past row 1"),
    ],
)
def test_a_file_that_holds_no_table_is_refused_in_a_line(data: bytes, said: str) -> None:
    with pytest.raises(NoTables, match=said):
        read(("f", data))


def test_what_stands_between_quotes_keeps_rows_as_the_spreadsheet_numbers_them() -> None:
    text = table('hotspot,task,note\nHS1,Walk,"one') + table('two"\nHS2,,three')
    _, findings = read(("briefings.csv", text))
    assert [str(problem) for problem in findings.problems] == [
        "briefings.csv, row 3, column B (task): it is empty"
    ]


def test_no_more_problems_are_kept_than_anybody_reads() -> None:
    text = "hotspot,task\n" + "HS1,\n" * 1_003
    _, findings = read(("briefings.csv", text.encode()))
    assert (len(findings.problems), findings.more) == (1_000, 3)
