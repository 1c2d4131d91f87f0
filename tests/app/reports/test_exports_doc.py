from pathlib import Path

import pytest

from app.reports.formats import Format
from app.reports.people_export import PEOPLE
from app.reports.place_export import PLACES
from app.reports.table import Table

PAGE = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
TABLES = [source.table for source in (*PEOPLE.values(), *PLACES.values())]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_page_lists_the_columns_of_every_table(table: Table) -> None:
    part = PAGE.partition(f"### `{table.name}`\n")[2].partition("\n### ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.name}` | {one.kind} | {one.about} |" for one in table.columns]


@pytest.mark.parametrize("form", list(Format))
def test_the_page_tells_of_every_format(form: Format) -> None:
    assert f"| `{form}` |" in PAGE


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_has_a_name_of_its_own_and_a_sentence(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert all(column.about.endswith(".") for column in table.columns)
