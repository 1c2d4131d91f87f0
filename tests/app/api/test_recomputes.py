import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from squares import feature, square

from app.recompute import Recompute
from app.storage import schema
from app.storage.engine import Database
from app.storage.types import from_us

FIRST_US = 1_768_000_000_000_000  # 2026-01-09T23:06:40Z


@pytest.fixture(autouse=True)
async def edit(admin: httpx.AsyncClient) -> None:
    """A hot spot drawn from a day five days ago on, with a radio that may have been there."""
    await admin.post("/devices", json={"name": "radio", "kind": "radio"})
    answer = await admin.post("/hotspots?valid_from=2026-01-10", json=feature("HS1"))
    assert answer.json()["notes"] == []


async def do(database: Database, clock: Clock) -> None:
    recompute = Recompute(database, clock.now_us)
    while await recompute.step():
        pass


async def test_what_is_being_worked_out_anew_is_told_until_it_is_done(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    assert (await admin.get("/recomputes")).json() == {
        "items": [
            {
                "from": "2026-01-10T06:00:00.000000Z",
                "to": None,
                "why": "edited",
                "asked": "2026-01-15T12:00:00.000000Z",
                "devices_done": 0,
                "devices": 0,
                "failures": 0,
            }
        ],
        "next": None,
    }
    await do(database, clock)
    assert (await admin.get("/recomputes")).json() == {"items": [], "next": None}


async def test_visits_that_may_change_say_so_and_as_at_a_moment_whether_they_might_have(
    stranger: httpx.AsyncClient, database: Database, clock: Clock, token_for: TokenFor
) -> None:
    analyst = await token_for("analyst")

    async def told(**params: str) -> bool:
        answer = await stranger.get("/visits", params=params, headers=analyst)
        return bool(answer.json()["recomputing"])

    assert await told()
    assert await told(to="2026-01-10T06:00:01Z")
    assert not await told(to="2026-01-10T06:00:00Z")
    assert not await told(as_at="2026-01-15T11:59:59Z")
    clock.set("2026-01-15T12:10:00Z")
    await do(database, clock)
    assert not await told()
    assert await told(as_at="2026-01-15T12:05:00Z")
    assert not await told(as_at="2026-01-15T12:10:00Z")


async def test_an_import_says_until_when_it_holds(admin: httpx.AsyncClient) -> None:
    narrow = feature("HS1", square(side=0.0005))
    answer = (await admin.post("/hotspots?valid_from=2026-01-05", json=narrow)).json()
    note = "hot spot HS1 holds until 2026-01-10, when a later version begins"
    assert answer == {"imported": 1, "changed": 1, "notes": [note]}
    again = (await admin.post("/hotspots?valid_from=2026-01-05", json=narrow)).json()
    assert again == {"imported": 1, "changed": 0, "notes": []}
    await admin.delete("/hotspots/HS1?from=2026-01-20")
    in_between = feature("HS1", square(side=0.002))
    answer = (await admin.post("/hotspots?valid_from=2026-01-12", json=in_between)).json()
    assert answer["notes"] == ["hot spot HS1 holds until 2026-01-20, when it ends"]
    # With bad ones beside it, too.
    body = {"type": "FeatureCollection", "features": [narrow, feature(None)]}
    problem = (await admin.post("/hotspots?valid_from=2026-01-13", json=body)).json()
    assert problem["notes"] == ["hot spot HS1 holds until 2026-01-20, when it ends"]


async def test_an_edit_says_from_when_on_there_are_fixes(
    admin: httpx.AsyncClient, database: Database
) -> None:
    async with database.write() as writer:
        device = await writer.scalar(sa.select(schema.devices.c.id))
        fix = {"device_id": device, "time": from_us(FIRST_US), "received": from_us(FIRST_US)}
        place = {"lon": 0.0, "lat": 1.0, "source": "pings"}
        await writer.execute(sa.insert(schema.fixes).values(**fix, **place))
    note = "the first stored fix is of 2026-01-09T23:06:40Z: visits before it stay as they are"
    elsewhere = square(lon=1.0)
    for day, told in (("2026-01-09", [note]), ("2026-01-10", []), ("2026-02-10", [])):
        answer = await admin.post(
            f"/hotspots?valid_from={day}", json=feature(f"at {day}", elsewhere)
        )
        assert answer.json()["notes"] == told
        answer = await admin.delete(f"/hotspots/at {day}?from={day}")
        assert answer.json()["notes"] == told
