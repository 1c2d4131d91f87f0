import asyncio
import datetime as dt
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner
from wandering import START_US, degrees, enrol, expected, feed, stored, wandering

from app.cli import cli
from app.storage import hotspots, recomputes, schema
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion
from app.storage.recomputes import Job
from app.storage.types import from_us
from geofence.model import Hotspot
from ingest.columns import Columns

ALWAYS = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WIDE = shapely.box(-90, -50, 90, 50)
FIXES = wandering(11, 60)


async def _fill(url: str, devices: int = 3) -> Columns:
    """Three devices, and as many that walk as these do."""
    database = Database(url)
    await enrol(database)
    parts = [FIXES]
    async with database.write() as writer:
        for id_ in range(4, devices + 1):
            device = {"id": id_, "name": f"d{id_}", "kind": "phone", "profile": "phone"}
            await writer.execute(sa.insert(schema.devices), device)
            await writer.execute(sa.insert(schema.device_states), {"device_id": id_})
            part = FIXES.take(np.flatnonzero(FIXES.device == 1 + id_ % 3))
            part.device[:] = id_
            parts.append(part)
    whole = Columns.concatenate(parts)
    await feed(database, [whole])
    await database.close()
    return whole


async def _redraw(url: str) -> list[Job]:
    """Another boundary of the first hot spot, from the beginning on; gives what is to do."""
    database = Database(url)
    async with database.write() as writer:
        given = HotspotVersion("h1", "h1", degrees(WIDE), 0.0, ALWAYS)
        await hotspots.put(writer, [given], from_us(START_US))
        jobs = await recomputes.unfinished(writer)
    await database.close()
    return list(jobs)


async def _is_one_run(url: str, fixes: Columns) -> bool:
    database = Database(url)
    async with database.read() as reader:
        v = schema.hotspot_versions
        rows = (await reader.execute(sa.select(v).where(v.c.known_to.is_(None)))).all()
    found = await stored(database)
    await database.close()
    return found == expected(fixes, [Hotspot(row.hotspot_id, row.geom) for row in rows])


def run(url: str, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, ["recompute", "--database", url, *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_what_an_edit_left_to_do_is_done(database_url: str) -> None:
    fixes = asyncio.run(_fill(database_url))
    asyncio.run(_redraw(database_url))
    assert not asyncio.run(_is_one_run(database_url, fixes))
    status, out, err = run(database_url)
    assert (status, out) == (0, "Visits from 2026-01-01T00:00:00Z: done, 3 devices.\n")
    assert err.splitlines()[-1] == "3 of 3 devices"
    assert asyncio.run(_is_one_run(database_url, fixes))
    assert run(database_url) == (0, "Nothing is waiting to be recomputed.\n", "")


def test_a_span_is_done_and_says_what_cannot_be(sqlite_url: str) -> None:
    fixes = asyncio.run(_fill(sqlite_url))
    span = ("--from", "2026-02-01", "--to", "2026-03-02", "--device", "d2")
    status, out, err = run(sqlite_url, *span)
    title = "Visits from 2026-02-01T06:00:00Z to 2026-03-03T06:00:00Z"
    assert (status, out) == (0, f"{title}: done, 1 device.\n")
    assert err.splitlines()[0].startswith("The first stored fix is of 2026-03-02T18:0")
    assert asyncio.run(_is_one_run(sqlite_url, fixes))


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--from", "2026-02-30"], 2, "--from 2026-02-30: no day"),
        (["--from", "yesterday"], 2, "--from yesterday: no day (YYYY-MM-DD) and no time"),
        (["--from", "2026-02-20T06:00"], 2, "and no time with an offset"),
        (["--from", "2190-01-01"], 2, "lies in the future"),
        (["--from", "2026-02-20", "--to", "2026-02-19"], 2, "--to 2026-02-19 is not after"),
        (["--to", "2026-02-19"], 2, "--to and --device need --from"),
        (["--from", "2026-02-20", "--device", "d9"], 1, "there is no device 'd9'"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(
    sqlite_url: str, arguments: list[str], status: int, said: str
) -> None:
    asyncio.run(_fill(sqlite_url))
    code, out, err = run(sqlite_url, *arguments)
    assert (code, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_what_cannot_be_done_is_told_and_the_rest_is_done(sqlite_url: str) -> None:
    asyncio.run(_fill(sqlite_url))
    asyncio.run(_break_first(sqlite_url))
    [job] = asyncio.run(_redraw(sqlite_url))
    assert run(sqlite_url, "--from", "2026-02-01", "--device", "d2")[0] == 0
    status, out, err = run(sqlite_url)
    assert (status, out) == (1, "")
    told = "Visits from 2026-01-01T00:00:00Z: it could not go on (ValueError: "
    assert err.splitlines()[-1].startswith(told)
    assert asyncio.run(_progress(sqlite_url, job.id)) == 0


async def _break_first(url: str) -> None:
    """Spoils what is remembered of the first device."""
    database = Database(url)
    async with database.write() as writer:
        first = schema.device_states.c.device_id == 1
        await writer.execute(sa.update(schema.device_states).where(first).values(tail=b"broken"))
    await database.close()


def test_after_a_kill_it_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    devices = 400
    fixes = asyncio.run(_fill(database_url, devices))
    [job] = asyncio.run(_redraw(database_url))
    command = [sys.executable, "-m", "app", "recompute", "--database", database_url]
    log = tmp_path / "log"
    with log.open("wb") as stream, subprocess.Popen(command, stderr=stream) as process:
        deadline = time.monotonic() + 60
        while not log.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    done = asyncio.run(_progress(database_url, job.id))
    assert 0 < done < devices
    assert not asyncio.run(_is_one_run(database_url, fixes))
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    first = int(again.stderr.split(" ")[0])
    assert done < first
    assert again.stdout.endswith(f"done, {devices} devices.\n")
    assert asyncio.run(_is_one_run(database_url, fixes))


async def _progress(url: str, job_id: int) -> int:
    database = Database(url)
    async with database.read() as reader:
        progress = await recomputes.progress(reader, job_id)
    await database.close()
    assert progress.job.done is None
    return progress.devices_done
