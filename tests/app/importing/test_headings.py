from pathlib import Path

import pytest

from app.importing.headings import SPELLINGS, TABLES, Table, column_of, squeezed, table_of

GUIDE = (Path(__file__).parents[3] / "docs" / "import.md").read_text()


@pytest.mark.parametrize(
    ("table", "heading", "column"),
    [
        ("duty", "Collar No.", "officer"),
        ("duty", "SHOULDER_NUMBER", "officer"),
        ("duty", "Start Date", "date"),
        ("duty", "rank", None),
        ("duty", "", None),
        ("plans", "Start date", "first_day"),
        ("plans", "Target %", "target"),
        ("officers", "Officer", "number"),
        ("officers", "Officer name", "name"),
        ("trial_days", "Date", "day"),
    ],
)
def test_a_heading_is_known_whatever_its_case_and_signs(
    table: str, heading: str, column: str | None
) -> None:
    found = table_of(table)
    assert found is not None
    assert column_of(found, heading) == column


@pytest.mark.parametrize(
    ("name", "table"),
    [("Duty roster", "duty"), ("Plan hot spots", "plan_hotspots"), ("TEAMS", "teams"), ("x", None)],
)
def test_a_table_is_known_by_its_name_and_others(name: str, table: str | None) -> None:
    found = table_of(name)
    assert (None if found is None else found.name) == table


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_spelling_means_two_columns_of_a_table(table: Table) -> None:
    own = {squeezed(column) for column in table.columns}
    for column in table.columns:
        for spelling in SPELLINGS[column]:
            if squeezed(spelling) not in own:
                assert column_of(table, spelling) == column, spelling


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_guide_names_every_table_and_column(table: Table) -> None:
    section = GUIDE.partition(f"\n### `{table.name}`")[2].partition("\n### ")[0]
    for column in table.columns:
        assert f"`{column}`" in section, column
