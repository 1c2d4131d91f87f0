"""A far fix through the doors of the service, the database being away: nowhere when it is over."""

import asyncio
import datetime as dt
import sqlite3
from pathlib import Path

import httpx
import pytest
from callers import ADMIN, bearer
from searching import files_with

from app.bootstrap import ensure_administrator
from app.main import create_app
from app.settings import Settings
from app.storage.types import to_us

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
FAR_LAT, FAR_LON = 54.123456789, -3.987654321
NEAR_LAT, NEAR_LON = 53.400123456, -2.900123456
PLACE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"id": "HS1", "name": "Market", "valid_from": "2026-01-01"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[-2.901, 53.4], [-2.9, 53.4], [-2.9, 53.401], [-2.901, 53.401], [-2.901, 53.4]]
                ],
            },
        }
    ],
}


async def test_a_far_fix_leaves_no_position_in_file_spool_or_log(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    spool = tmp_path / "spool"
    settings = Settings(
        database=sqlite_url, admin_token=ADMIN, keep="near", spool=spool, spool_after_s=0.2
    )
    app = create_app(settings, lambda: to_us(NOW))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        await ensure_administrator(app.state.database, ADMIN, NOW)
        key = await _enrol(client)
        fixes = [
            {"time": "2026-01-15T11:59:00Z", "lat": FAR_LAT, "lon": FAR_LON},
            {"time": "2026-01-15T11:59:15Z", "lat": NEAR_LAT, "lon": NEAR_LON},
        ]
        file = app.state.database.engine.url.database
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        answer = await client.post("/ingest/pings", params={"key": key}, json=fixes)
        assert answer.is_success
        assert files_with(spool, FAR_LAT)
        holder.execute("ROLLBACK")
        holder.close()
        async with asyncio.timeout(20):
            while app.state.ingest.intake.counts.waiting:  # noqa: ASYNC110 -- nothing else tells
                await asyncio.sleep(0.05)
        counts = (await client.get("/api/v1/ingest", headers=bearer(ADMIN))).json()
        # The first attempt may have gone on when the database was free.
        assert counts["accepted"] + counts["duplicates"] == 1
        assert counts["rejected"] == {"far": 1}
        assert files_with(Path(file).parent, NEAR_LAT)
        for value in (FAR_LAT, FAR_LON):
            assert files_with(Path(file).parent, value) == files_with(spool, value) == set()
            assert str(value) not in caplog.text


async def _enrol(client: httpx.AsyncClient) -> str:
    """A hot spot and a device; gives the device's key."""
    headers = bearer(ADMIN)
    placed = await client.post("/api/v1/hotspots", json=PLACE, headers=headers)
    assert placed.is_success, placed.text
    device = {"name": "phone-1", "kind": "phone"}
    made = await client.post("/api/v1/devices", json=device, headers=headers)
    return str(made.json()["key"])
