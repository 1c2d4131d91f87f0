"""Webhooks as administrators make them, see how they are, and end them."""

import base64

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock
from fastapi import FastAPI
from happenings import NOW, enrol, numbered, tell

from app.storage import webhooks
from app.storage.engine import Database
from app.storage.schema import webhooks as table
from app.storage.webhooks import State

GIVEN = {"name": "Control room", "url": "https://control.example/hook"}


async def make(admin: httpx.AsyncClient, **more: object) -> dict:
    answer = await admin.post("/webhooks", json=GIVEN | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def listed(admin: httpx.AsyncClient) -> list[dict]:
    return list((await admin.get("/webhooks")).json()["items"])


async def test_the_secret_is_shown_once_and_long_enough(admin: httpx.AsyncClient) -> None:
    made = await make(admin)
    assert made == GIVEN | {"id": 1, "kinds": None, "people": False, "secret": made["secret"]}
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)) == 32
    assert (await make(admin))["secret"] != made["secret"]
    assert "whsec_" not in (await admin.get("/webhooks")).text


async def test_the_list_says_how_each_is(
    admin: httpx.AsyncClient, application: FastAPI, database: Database, clock: Clock
) -> None:
    application.state.webhook_people = True
    await enrol(database)
    await tell(database, *numbered("ab"))
    kinds = ["hotspot_overdue", "entered", "hotspot_overdue"]
    await make(admin, kinds=kinds, people=True)
    [fresh] = await listed(admin)
    assert fresh == GIVEN | {
        "id": 1,
        "kinds": ["hotspot_overdue", "entered"],
        "people": True,
        "created": "2026-01-15T12:00:00.000000Z",
        "last_event": 2,
        "attempts": 0,
        "failing": None,
        "next_attempt": None,
        "error": None,
        "revoked": None,
    }
    async with database.write() as writer:
        await webhooks.save(writer, 1, State(3, 2, NOW, NOW, "answered 500 So"), 2)
    [failing] = await listed(admin)
    assert (failing["attempts"], failing["error"]) == (2, "answered 500 So")
    assert failing["failing"] == failing["next_attempt"] == "2026-01-15T12:00:00.000000Z"


async def test_who_it_was_is_told_only_where_the_service_is_set_to(
    admin: httpx.AsyncClient,
) -> None:
    refused = await admin.post("/webhooks", json=GIVEN | {"people": True})
    assert refused.status_code == 422
    assert "BEATKEEPER_WEBHOOK_PEOPLE" in refused.text
    assert await listed(admin) == []


async def test_one_that_was_revoked_stays_so(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    await make(admin)
    for _ in range(2):
        assert (await admin.delete("/webhooks/1")).status_code == 204
        clock.set("2026-01-15T13:00:00Z")
    # Nor does an attempt that was under way change it.
    async with database.write() as writer:
        await webhooks.save(writer, 1, State(9), 3)
    [ended] = await listed(admin)
    assert (ended["revoked"], ended["last_event"]) == ("2026-01-15T12:00:00.000000Z", 0)
    assert (await admin.delete("/webhooks/4711")).status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"url": "ftp://control.example/"}, "body.url"),
        ({"url": "control.example"}, "body.url"),
        ({"url": "https://me:secret@control.example/"}, "body.url"),
        ({"url": "https://me@control.example/"}, "body.url"),
        ({"url": "https://control.example/" + "x" * 2100}, "body.url"),
        ({"name": " "}, "body.name"),
        ({"kinds": []}, "body.kinds"),
        ({"kinds": ["everything"]}, "body.kinds.0"),
        ({"secret": "mine"}, "body.secret"),
    ],
)
async def test_a_webhook_that_makes_no_sense_is_refused_by_field(
    admin: httpx.AsyncClient, body: dict, where: str
) -> None:
    answer = await admin.post("/webhooks", json=GIVEN | body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where
    assert "secret@" not in answer.text


async def test_a_network_of_ones_own_is_fine(admin: httpx.AsyncClient) -> None:
    for url in (
        "http://10.1.2.3:8080/hook?key=x",
        "http://[fd00::1]/",
        "https://wache-süd.example/",
    ):
        await make(admin, url=url)
    assert [one["url"] for one in await listed(admin)] == [
        "http://10.1.2.3:8080/hook?key=x",
        "http://[fd00::1]/",
        "https://xn--wache-sd-d6a.example/",
    ]


async def test_there_are_only_so_many(admin: httpx.AsyncClient, database: Database) -> None:
    row = {"name": "x", "url": "http://x/", "secret": "", "people": False}
    row |= {"position": 0, "created": NOW, "attempts": 0}
    async with database.write() as writer:
        await writer.execute(sa.insert(table), [row] * webhooks.MOST)
    answer = await admin.post("/webhooks", json=GIVEN)
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    await admin.delete("/webhooks/7")
    await make(admin)
