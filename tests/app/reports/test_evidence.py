"""What rows of a plan are made from, read from databases of each kind, some days at a time."""

import datetime as dt
from collections.abc import AsyncIterator

import polars as pl
import pytest
from afternoon import DAY, at, prepare, walk

from app.access.viewer import SERVICE, Forbidden, Role, Viewer
from app.compliance.groups import Period
from app.reports.cell_rows import cells
from app.reports.evidence import basis
from app.reports.patrol_rows import patrols
from app.reports.place_days import place_days
from app.reports.table import Batch, OfPlan
from app.storage.engine import Database
from app.storage.errors import NotFound

NOW = at(600)
QUARTER = Period(DAY, DAY + dt.timedelta(days=89))


async def gathered(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]


async def test_a_quarter_is_read_by_the_month_and_nothing_of_it_is_lost(database: Database) -> None:
    await prepare(database)
    await walk(database, NOW, 1, (0, 12, "h1"), (12, 20, "out"), (20, 26, "h3"))
    asked = OfPlan("late", QUARTER, None, NOW)
    async with database.read() as reader:
        about = await basis(reader, SERVICE, asked)
        blocks = list(about.blocks(QUARTER))
        found = {rows: await gathered(rows(reader, SERVICE, asked)) for rows in (cells, place_days)}
        (made,) = [part for part in await gathered(patrols(reader, SERVICE, asked)) if len(part)]
    assert [(block.last - block.first).days for block in blocks] == [30, 30, 27]
    assert [len(parts) for parts in found.values()] == [3, 3]
    windows, days = (pl.concat(parts) for parts in found.values())
    assert days["day"].unique().len() == windows["day"].unique().len() == 90
    assert windows["patrols"].sum() == days["patrols"].sum() == len(made) == 2
    assert made["officers"].to_list() == made["devices"].to_list() == [1, 1]
    assert made["qualifying"].to_list() == [True, False]


async def test_days_with_many_cells_are_read_fewer_at_a_time(database: Database) -> None:
    await prepare(database)
    async with database.read() as reader:
        about = await basis(reader, SERVICE, OfPlan("late", QUARTER, None, NOW))
        count = about.most_cells(Period(DAY, DAY))
        assert len(list(about.blocks(QUARTER, most_cells=3 * count))) == 30
        assert len(list(about.blocks(QUARTER, most_cells=1))) == 90


async def test_a_plan_that_is_not_there_and_rows_for_those_who_may_not(database: Database) -> None:
    asked = OfPlan("late", QUARTER, None, NOW)
    async with database.read() as reader:
        with pytest.raises(NotFound, match="there is no plan 'late'"):
            await gathered(cells(reader, SERVICE, asked))
        with pytest.raises(Forbidden, match="no right to read compliance"):
            await gathered(patrols(reader, Viewer("auditor", Role.AUDITOR), asked))
