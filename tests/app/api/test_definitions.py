"""The evening of docs/definitions.md through the API: its visits stored, and what is answered."""

import datetime as dt
import operator
from functools import reduce

import httpx
import plaincolumns
import pytest
import sqlalchemy as sa
import worked
from callers import Clock
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.storage import schema
from app.storage.engine import Database
from app.storage.types import from_us, to_us

DAY = worked.DAY.isoformat()
PLAN = {
    "name": "Evening",
    "windows": [
        {"name": "early", "start": "18:00", "end": "20:00", "patrols": 2},
        {"name": "late", "start": "20:00", "end": "22:00"},
    ],
    "first_day": DAY,
    "hotspots": list(worked.SPOTS),
}
HOUR = dt.timedelta(hours=1)
VISITS = worked.rows_of("evening", "visits")


@pytest.fixture(autouse=True)
async def evening(admin: httpx.AsyncClient, clock: Clock) -> None:
    """The plan, and who carries what, known before the day."""
    clock.set("2026-01-15T12:00:00Z")
    spots = (feature(key, square(lon=n / 100)) for key, n in worked.SPOTS.items())
    assert (await admin.post("/hotspots", json=collection(*spots))).is_success
    assert (await admin.put("/plans/evening", json=PLAN)).is_success
    for team in worked.TEAMS:
        assert (await admin.post("/teams", json={"name": team})).is_success
    for row in worked.rows_of("evening", "officers"):
        who = {"number": row["officer"], "name": row["officer"]}
        of = {"team": row["team"], "organisation": row["organisation"]}
        assert (await admin.post("/officers", json=who | of)).is_success
        device = {"name": row["carries"], "kind": row["kind"]}
        assert (await admin.post("/devices", json=device)).is_success
        held = {"device": row["carries"], "officer": row["officer"]} | times(row)
        assert (await admin.post("/assignments", json=held)).is_success


def times(row: dict[str, str]) -> dict[str, str]:
    return {"start": at(row["from"]), "end": at(row["to"])}


def at(time: str) -> str:
    return f"{DAY}T{time}:00Z"


def minutes(time: str) -> float:
    hours, minutes, seconds = map(int, time.split(":"))
    return hours * 60 + minutes + seconds / 60


def midnight() -> dt.datetime:
    return dt.datetime.combine(worked.DAY, dt.time(), dt.UTC)


async def happen(database: Database, *rows: dict[str, str]) -> None:
    visits = (
        StoredVisit(
            row["device"],
            row["hot spot"],
            minutes(row["enter"]),
            minutes(row["exit"]),
            day=midnight(),
            known_from=minutes(row["exit"]) + 1,
        )
        for row in rows
    )
    await store(database, *visits)


async def watch(client: httpx.AsyncClient, database: Database) -> None:
    """Tells who was on duty, who was taken away, and how well devices were observed."""
    duty = [{"officer": row["officer"]} | times(row) for row in worked.rows_of("watched", "duty")]
    away = [
        {"officer": row["officer"], "reason": row["reason"]} | times(row)
        for row in worked.rows_of("watched", "abstractions")
    ]
    assert (await client.post("/duty-times", json=duty)).is_success
    assert (await client.post("/abstractions", json=away)).is_success
    hours = plaincolumns.hours(worked.worlds()["watched"])
    evening = range(to_us(midnight() + 18 * HOUR), to_us(midnight() + 22 * HOUR))
    names = {number: name for name, number in worked.DEVICES.items()}
    async with database.write() as writer:
        columns = (hours.device.tolist(), hours.hour_us.tolist(), hours.observed.tolist())
        for device, hour_us, observed in zip(*columns, strict=True):
            if hour_us not in evening:
                continue
            its = sa.select(schema.devices.c.id).where(schema.devices.c.name == names[device])
            await writer.execute(
                sa.insert(schema.device_hours).values(
                    device_id=its.scalar_subquery(),
                    hour=from_us(hour_us),
                    known_from=from_us(hour_us) + 1.2 * HOUR,
                    fixes=60,
                    observed=observed,
                )
            )


@pytest.mark.parametrize("world", ["evening", "watched", "trial"])
async def test_the_evening_s_figures_are_those_of_the_page(
    admin: httpx.AsyncClient,
    supervisor: httpx.AsyncClient,
    database: Database,
    clock: Clock,
    world: str,
) -> None:
    if world == "trial":
        asked = PLAN | {"trial": {"seed": 1, "treated": 2}}
        assert (await admin.put("/plans/evening", json=asked)).is_success
    await happen(database, *VISITS)
    clock.set(at("23:00"))
    if world == "watched":
        await watch(admin, database)
    claims = [claim for claim in worked.claims() if claim.world == world]
    for by in {claim.by for claim in claims}:
        params = {"plan": "evening", "from": DAY, "to": DAY, "by": by}
        answer = await supervisor.get("/compliance", params=params)
        assert answer.status_code == 200, answer.text
        rows = {row[by]: row for row in answer.json()["rows"]} | {"": answer.json()["total"]}
        for claim in claims:
            if claim.by == by:
                told: object = reduce(operator.getitem, claim.figure.split("."), rows[claim.key])
                value = told["value"] if isinstance(told, dict) else told
                assert value == pytest.approx(claim.value), claim


async def test_what_is_due_during_the_evening_is_what_the_page_says(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    await happen(database, *VISITS[:4])
    clock.set(at("19:20"))
    early = await shift(admin)
    assert [spot["hotspot"] for spot in early["hotspots"]] == [
        row["hot spot"] for row in worked.rows_of("evening", "hot spots at 19:20")
    ]
    for spot, row in zip(
        early["hotspots"], worked.rows_of("evening", "hot spots at 19:20"), strict=True
    ):
        assert spot["state"] == row["state"]
        for name in ("made", "owed", "minutes owed", "minutes since visit"):
            assert spot[name.replace(" ", "_")] == pytest.approx(float(row[name]))
    await happen(database, *VISITS[4:8])
    clock.set(at("21:20"))
    for found, row in zip(
        [early, await shift(admin)], worked.rows_of("evening", "shifts"), strict=True
    ):
        assert found["window"] == row["window"]
        assert f"{found['coverage']['value']:.1%}" == row["coverage"].replace(" ", "")
        assert f"{found['projected']:.1%}" == row["projected"].replace(" ", "")
        assert found["at_risk"] == (row["at risk"] == "yes")


async def shift(client: httpx.AsyncClient) -> dict:
    answer = await client.get("/now", params={"plan": "evening"})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["shifts"]
    return found
