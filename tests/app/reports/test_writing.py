import asyncio
import datetime as dt
import io
import threading
from collections.abc import AsyncIterator, Iterable
from typing import IO

import polars as pl
import pytest

from app.reports.formats import FORMS, Form, Format
from app.reports.shapes import Shapes
from app.reports.table import Batch, Column, Export, Heading, HotspotAt, Kind, Table
from app.reports.writing import Unwritable, write
from app.storage.exports import BLOCK

TABLE = Table("t", "T", "T.", (Column("n", Kind.INTEGER, "N."),))
CSV = FORMS[Format.CSV]


def export(batches: AsyncIterator[Batch]) -> Export:
    return Export(Heading(TABLE, {}), batches)


def batch(*numbers: int) -> Batch:
    return pl.DataFrame({"n": numbers}, TABLE.schema)


async def counted(most: int, fetched: list[int] | None = None) -> AsyncIterator[Batch]:
    for number in range(most):
        if fetched is not None:
            fetched.append(number)
        yield batch(number)


@pytest.mark.parametrize("form", list(Format))
async def test_all_rows_are_written_in_their_order(form: Format) -> None:
    file = io.BytesIO()
    assert await write(export(counted(50)), FORMS[form], file) == 50
    if form is Format.CSV:
        assert file.getvalue().split() == [b"n", *(str(n).encode() for n in range(50))]


async def test_no_more_than_one_batch_waits_for_a_slow_file() -> None:
    fetched: list[int] = []
    ahead: list[int] = []

    def slow(_heading: Heading, batches: Iterable[Batch], _file: IO[bytes]) -> None:
        for number, _ in enumerate(batches):
            threading.Event().wait(0.01)
            ahead.append(len(fetched) - number - 1)

    await write(export(counted(20, fetched)), Form("text/plain", slow), io.BytesIO())
    assert len(ahead) == 20
    assert max(ahead) <= 2


async def at_once(rows: int) -> AsyncIterator[Batch]:
    yield batch(*range(rows))


async def test_rows_that_come_at_once_are_written_some_at_a_time() -> None:
    sizes: list[int] = []

    def sized(_heading: Heading, batches: Iterable[Batch], _file: IO[bytes]) -> None:
        sizes.extend(len(part) for part in batches)

    made = Form("text/plain", sized)
    assert await write(export(at_once(200_000)), made, io.BytesIO()) == 200_000
    assert (sum(sizes), max(sizes)) == (200_000, BLOCK)


class Measured(io.BytesIO):
    """A file that knows the largest part that was ever written to it."""

    largest = 0

    def write(self, data: bytes) -> int:
        self.largest = max(self.largest, len(data))
        return super().write(data)


@pytest.mark.parametrize("form", [Format.JSON, Format.GEOJSON])
async def test_no_text_is_made_of_many_rows_or_large_shapes_at_once(form: Format) -> None:
    columns = Column("hotspot", Kind.TEXT, "Which."), Column("at", Kind.TIME, "When.")
    table = Table("t", "T", "T.", columns, HotspotAt("at"))
    began = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    shape = f'{{"type":"Point","coordinates":[{"0" * 5_000}]}}'

    async def rows() -> AsyncIterator[Batch]:
        yield pl.DataFrame({"hotspot": ["HS1"] * 20_000, "at": [began] * 20_000}, table.schema)

    heading = Heading(table, {}, Shapes([("HS1", began, None, shape)]))
    file = Measured()
    assert await write(Export(heading, rows()), FORMS[form], file) == 20_000
    assert len(file.getvalue()) > 1_000_000
    assert file.largest < 6_000_000


class Full(io.RawIOBase):
    """A file on a disk that is full."""

    def writable(self) -> bool:
        return True

    def write(self, _data: object) -> int:
        raise OSError(28, "No space left on device")


# The library leaves its archive open, which tells nobody in particular that it still is full.
@pytest.mark.filterwarnings("ignore:.*ZipFile:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("form", list(Format))
async def test_a_full_disk_is_no_fault_of_the_database(form: Format) -> None:
    with pytest.raises(Unwritable):
        await write(export(counted(3)), FORMS[form], Full())


@pytest.mark.filterwarnings("ignore:.*ZipFile:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("form", list(Format))
async def test_a_device_that_is_full_is_told(form: Format) -> None:
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(Unwritable, match="space"):  # noqa: ASYNC230, PTH123
        await write(export(counted(3)), FORMS[form], file)


async def test_what_the_rows_raise_is_raised_and_nothing_is_written_any_more() -> None:
    async def broken() -> AsyncIterator[Batch]:
        yield batch(1)
        msg = "the database is away"
        raise ConnectionError(msg)

    for form in FORMS.values():
        with pytest.raises(ConnectionError, match="away"):
            await write(export(broken()), form, io.BytesIO())


async def test_who_stops_it_waits_until_nothing_is_written_any_more() -> None:
    ended = threading.Event()

    async def endless() -> AsyncIterator[Batch]:
        yield batch(1)
        await asyncio.Event().wait()

    def noted(heading: Heading, batches: Iterable[Batch], file: IO[bytes]) -> None:
        try:
            CSV.write(heading, batches, file)
        finally:
            ended.set()

    file = io.BytesIO()
    writing = asyncio.create_task(write(export(endless()), Form("text/csv", noted), file))
    while not file.getvalue().endswith(b"1\r\n"):  # noqa: ASYNC110 -- another thread writes it
        await asyncio.sleep(0.001)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert ended.is_set()


async def test_who_stops_it_waits_for_no_more_than_what_is_being_written() -> None:
    begun, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def slow(_heading: Heading, batches: Iterable[Batch], _file: IO[bytes]) -> None:
        for part in batches:
            begun.set()
            go_on.wait()
            sizes.append(len(part))

    writing = asyncio.create_task(
        write(export(at_once(5 * BLOCK)), Form("text/plain", slow), io.BytesIO())
    )
    await asyncio.to_thread(begun.wait)
    writing.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert sizes == [BLOCK]
