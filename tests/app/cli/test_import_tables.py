from pathlib import Path

import pytest
from sheets import workbook
from typer.testing import CliRunner

from app.cli import cli

BOOK = {
    "Teams": [["Name"], ["Late"]],
    "Officers": [["Number", "Name", "Team"], [7, "A. Example", "Late"]],
}


def run(url: str, *args: object) -> tuple[int, str, str]:
    command = ["import", "tables", *(str(arg) for arg in args), "--database", url]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, command)
    return result.exit_code, result.stdout, result.stderr


def test_tables_are_imported_from_files_once_a_dry_run_has_shown_them(
    sqlite_url: str, tmp_path: Path
) -> None:
    people, roster = tmp_path / "people.xlsx", tmp_path / "week.csv"
    people.write_bytes(workbook(BOOK))
    roster.write_text("collar no,start,end,rank\n7,02/01/2026 06:00,02/01/2026 14:00,PC\n")
    told = (
        "teams: 1 rows; 1 new, 0 changed, 0 as before\n"
        "officers: 1 rows; 1 new, 0 changed, 0 as before\n"
        "duty: 1 rows; 1 new, 0 changed, 0 as before\n"
    )
    note = "note: week.csv: these columns were not read: 'rank'\n"
    dry = run(sqlite_url, people, roster, "--dry-run")
    assert dry == (0, told + "a dry run: nothing was stored\n", note)
    assert run(sqlite_url, people, roster) == (0, told, note)


def test_problems_are_listed_by_row_and_nothing_is_imported(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.xlsx"
    wrong = [["Number", "Name", "Team"], [7, "A. Example", "Early [/x]"]]
    file.write_bytes(workbook({**BOOK, "Officers": wrong}))
    status, out, err = run(sqlite_url, file)
    assert (status, out) == (1, "")
    assert "Officers" in err
    assert "C (Team)" in err
    assert "there is no team 'Early [/x]'" in err
    assert err.endswith("beatkeeper: 1 problem; nothing was imported\n")


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["none.csv"], 1, "cannot read none.csv"),
        ([__file__, "--table", "rosters"], 2, "tables are teams, officers"),
        ([__file__, "--timezone", "Mars"], 2, "no time zone is called 'Mars'"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(
    sqlite_url: str, args: list[str], status: int, said: str
) -> None:
    code, out, err = run(sqlite_url, *args)
    assert (code, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == 1
