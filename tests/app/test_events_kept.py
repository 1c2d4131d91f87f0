"""What devices say of themselves, through the real service: in the table before the answer."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from running import Running

from app.storage.engine import Database
from app.storage.schema import device_events

# LIP long reports of an emergency on the first of a month at 12:00, at a place and without one.
PLACED, NOWHERE = "0A4E0B00004200000200000002", "0A4E0B00000004"
STATUS = "+CTSDSR: 13,2167005,0,7654321,0,16\r\n0000\r\n"


@pytest.fixture(scope="module")
def service(modules_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("events"), {"database": modules_url}) as running:
        yield running


@pytest.fixture(scope="module")
def key(service: Running) -> str:
    radio = {
        "name": "radio-1",
        "kind": "radio",
        "addresses": [{"kind": "issi", "address": "2167005"}],
    }
    with service.client() as client:
        return str(client.post("/devices", json=radio).raise_for_status().json()["key"])


def post(service: Running, path: str, body: str) -> int:
    return httpx.post(f"{service.url}/ingest/{path}", content=body, timeout=30).status_code


def counted(service: Running) -> int:
    with service.client() as client:
        return int(client.get("/ingest").json()["events"])


@pytest.fixture(autouse=True)
def nothing_kept(modules_url: str) -> None:
    execute(modules_url, "DELETE FROM device_events")


def kept(url: str) -> list[tuple[str, str]]:
    """The kind and the source of each event, in the order in which they came."""

    async def read() -> list[tuple[str, str]]:
        database = Database(url)
        columns = device_events.c
        async with database.read() as reader:
            query = sa.select(columns.kind, columns.source).order_by(columns.received)
            found = [(row.kind, row.source) for row in await reader.execute(query)]
        await database.close()
        return found

    return asyncio.run(read())


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        database = Database(url)
        async with database.write() as writer:
            await writer.exec_driver_sql(statement)
        await database.close()

    asyncio.run(run())


@pytest.mark.parametrize("report", [PLACED, NOWHERE])
def test_an_emergency_is_kept_once_however_often_it_is_sent(
    service: Running, key: str, modules_url: str, report: str
) -> None:
    for _ in range(2):
        assert post(service, f"lip/{key}", f"2167005 {report}\n") == 200
        assert kept(modules_url) == [("emergency", "lip")]


def test_what_names_no_time_is_kept_at_the_time_when_it_came(
    service: Running, key: str, modules_url: str
) -> None:
    before = counted(service)
    assert post(service, f"owntracks/{key}", '{"_type":"lwt"}') == 200
    assert kept(modules_url) == [("offline", "owntracks")]
    assert post(service, f"tetra/{key}", STATUS) == 200
    assert post(service, f"tetra/{key}", STATUS) == 200  # somebody may have pressed again
    assert kept(modules_url) == [("offline", "owntracks"), *[("emergency", "tetra")] * 2]
    assert counted(service) == before + 3


def test_events_that_cannot_be_kept_wait_in_the_spool_with_their_message(
    service: Running, key: str, modules_url: str
) -> None:
    assert post(service, f"owntracks/{key}", '{"_type":"lwt"}') == 200
    execute(modules_url, "ALTER TABLE device_events RENAME TO away")
    assert post(service, f"lip/{key}", f"2167005 {PLACED}\n") == 202
    execute(modules_url, "ALTER TABLE away RENAME TO device_events")
    deadline = time.monotonic() + 20
    while len(kept(modules_url)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert kept(modules_url) == [("offline", "owntracks"), ("emergency", "lip")]
