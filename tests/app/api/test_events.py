"""Events as the API tells them: in lists, and as a stream while a token is good."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from fastapi import FastAPI, Request
from happenings import MINUTE, NOW, PHONE, PLACE, RADIO, enrol, numbered, tell

from app.api import eventstream
from app.api.events import _text
from app.api.eventstream import EventStream, follow
from app.api.naming import naming_of
from app.api.route import viewer_of
from app.live import Live
from app.storage import device_events
from app.storage.engine import Database
from app.storage.events import Event
from app.storage.schema import assignments
from app.storage.types import to_us
from ingest.message import Said

LONG_S = 20.0


@pytest.fixture(autouse=True)
async def live(application: FastAPI, database: Database, clock: Clock) -> AsyncIterator[Live]:
    await enrol(database)
    clock.now = NOW
    async with Live(database) as reading:
        application.state.live = reading
        yield reading


async def ask(client: httpx.AsyncClient, path: str, **more: object) -> list[dict[str, Any]]:
    answer = await client.get(path, **more)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_list_shows_what_was_told_and_what_was_not(
    supervisor: httpx.AsyncClient, database: Database
) -> None:
    await tell(database, Event("entered", NOW - 2 * MINUTE, RADIO, PLACE))
    await tell(database, Event("left", NOW - 20 * MINUTE, RADIO, PLACE))
    left, entered = await ask(supervisor, "/events")
    assert entered == {
        "id": 1,
        "kind": "entered",
        "time": "2026-01-15T11:58:00.000000Z",
        "stored": "2026-01-15T12:00:00.000000Z",
        "live": True,
        "device": "radio",
        "hotspot": "HS1",
        "visit": None,
        "officers": ["2"],
        "detail": None,
        "plan": None,
        "data": None,
    }
    assert (left["kind"], left["live"], left["officers"]) == ("left", False, ["2"])
    assert await ask(supervisor, "/events?kind=left&kind=emergency") == [left]
    assert await ask(supervisor, "/events?from=2026-01-15T11:58:00Z") == [entered]
    assert await ask(supervisor, "/events?to=2026-01-15T11:58:00Z") == [left]
    part = (await supervisor.get("/events?limit=1")).json()
    assert await ask(supervisor, f"/events?cursor={part['next']}") == [entered]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/events?from=2026-01-15T12:00:01Z&to=2026-01-15T12:00:00Z", 422),
        ("/events?f=csv", 422),
        ("/events?kind=emergencies", 422),
        ("/events?f=stream&after=-1", 422),
        ("/events?f=stream&after=9223372036854775808", 422),
        ("/devices/radio/events?cursor=1", 422),
        ("/devices/nobodys/events", 404),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    supervisor: httpx.AsyncClient, path: str, status: int
) -> None:
    assert (await supervisor.get(path)).status_code == status


async def test_an_unknown_kind_is_refused_with_those_that_there_are(
    supervisor: httpx.AsyncClient,
) -> None:
    answer = await supervisor.get("/events?f=stream&kind=emergencies")
    assert (answer.status_code, "'emergency'" in answer.text) == (422, True)


async def test_the_example_of_a_stream_is_one(application: FastAPI) -> None:
    shown = application.openapi()["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]
    [data] = [
        line for line in shown["text/event-stream"]["example"].splitlines() if line[:5] == "data:"
    ]
    assert json.loads(data[5:])["kind"] == "emergency"


async def test_who_does_not_see_everybody_is_shown_the_last_31_days_if_they_do_not_say(
    stranger: httpx.AsyncClient, database: Database, token_for: TokenFor
) -> None:
    south = await token_for("supervisor", teams=["South"])
    day = 24 * 60 * MINUTE
    async with database.write() as writer:
        started = NOW - 100 * day
        await writer.execute(sa.update(assignments).values(start=started))
    ages = (90, 32, 30)
    await tell(
        database, *(Event("emergency", NOW - age * day, RADIO, None, f"{age}") for age in ages)
    )
    assert len(await ask(stranger, "/events", headers=await token_for("analyst"))) == 3

    async def seen(query: str = "") -> list[str]:
        return [one["detail"] for one in await ask(stranger, f"/events{query}", headers=south)]

    assert await seen() == ["30"]
    assert await seen("?to=2025-12-15T00:00:00Z") == ["32"]
    assert await seen("?from=2025-01-01T00:00:00Z") == ["90", "32", "30"]


async def test_a_last_event_id_that_is_no_number_is_refused(supervisor: httpx.AsyncClient) -> None:
    answer = await supervisor.get("/events?f=stream", headers={"Last-Event-ID": "x'"})
    assert answer.status_code == 422


async def test_what_a_device_said_is_listed_for_who_may_see_whoever_had_it(
    supervisor: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    database: Database,
    token_for: TokenFor,
) -> None:
    said = Said(RADIO, to_us(NOW), to_us(NOW), "gps_lost", None, "tetra")
    minutes = {-180: "power_on", -90: "gps_lost", 0: "gps_back"}
    rows = [
        msgspec.structs.replace(said, time_us=to_us(NOW + m * MINUTE), kind=kind)
        for m, kind in minutes.items()
    ]
    rows += [msgspec.structs.replace(said, kind=kind) for kind in ("battery_low", "emergency")]
    async with database.write() as writer:
        await device_events.keep(writer, rows, NOW)
    path, found, cursor = "/devices/radio/events", [], ""
    for _ in range(3):
        part = (await supervisor.get(path, params={"limit": 2, "cursor": cursor or "0.0"})).json()
        found += part["items"]
        cursor = part["next"]
    assert cursor is None
    kinds = ["power_on", "gps_lost", "battery_low", "emergency", "gps_back"]
    assert [one["kind"] for one in found] == kinds
    assert found[0]["time"] == "2026-01-15T09:00:00.000000Z"
    assert (found[0]["source"], found[0]["detail"]) == ("tetra", None)
    some = await ask(supervisor, f"{path}?from=2026-01-15T10:00:00Z&to=2026-01-15T12:00:00Z")
    assert [one["kind"] for one in some] == ["gps_lost"]
    assert len(await ask(supervisor, f"{path}?kind=emergency")) == 1
    north = await token_for("supervisor", teams=["North"])
    assert [one["kind"] for one in await ask(stranger, path, headers=north)] == kinds[:2]
    second = await token_for("officer", officer="2")
    assert [one["kind"] for one in await ask(stranger, path, headers=second)] == kinds[2:]
    others = await stranger.get("/devices/phone/events", headers=second)
    assert others.status_code == 404


async def streaming(
    application: FastAPI,
    headers: dict[str, str],
    position: int = 0,
    kinds: set[str] | None = None,
    beat_s: float = LONG_S,
) -> AsyncIterator[str]:
    """The lines of a stream for whoever shows these headers."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "app": application, "headers": raw})
    request.state.viewer = await viewer_of(request)
    await naming_of(request, request.state.viewer)  # as the route does, before it begins
    return follow(request, _text, position, kinds, beat_s=beat_s)


def details(lines: str) -> list[str]:
    found = [line[6:] for line in lines.splitlines() if line.startswith("data: ")]
    return [json.loads(line)["detail"] for line in found]


async def test_a_stream_tells_what_its_viewer_may_see_and_where_it_is_up_to(
    application: FastAPI, database: Database, token_for: TokenFor
) -> None:
    await tell(database, *numbered("a", NOW - 90 * MINUTE), *numbered("b"))
    await tell(database, Event("entered", NOW, RADIO, PLACE, "c"), Event("left", NOW, PHONE))
    south = await token_for("supervisor", teams=["South"])
    lines = await streaming(application, south, beat_s=0.2)
    assert await anext(lines) == ": here\nid: 0\n\n"
    told = await anext(lines)
    assert details(told) == ["b", "c"]
    assert told.startswith('id: 2\nevent: emergency\ndata: {"id":2,"kind":"emergency",')
    assert told.endswith("\n\n")
    assert await anext(lines) == ": here\nid: 4\n\n"
    resumed = await streaming(application, south, position=2, kinds={"entered"})
    assert [await anext(resumed), details(await anext(resumed))] == [": here\nid: 2\n\n", ["c"]]
    for stream in (lines, resumed):
        await stream.aclose()


async def test_a_stream_ends_when_its_token_is_revoked_or_expires(
    application: FastAPI, admin: httpx.AsyncClient, clock: Clock, token_for: TokenFor
) -> None:
    brief = await token_for("analyst", expires="2026-01-15T13:00:00Z")
    lasting = await token_for("analyst")
    streams = [await streaming(application, token, beat_s=0.1) for token in (brief, lasting)]
    for stream in streams:
        for _ in range(3):
            assert (await anext(stream)).startswith(": here")
    clock.set("2026-01-15T13:00:00Z")
    numbers = [one["id"] for one in (await admin.get("/tokens")).json()["items"]]
    async with asyncio.timeout(LONG_S):
        assert len([line async for line in streams[0]]) <= 2
        assert (await admin.delete(f"/tokens/{numbers[-1]}")).status_code == 204
        assert len([line async for line in streams[1]]) <= 20


async def test_a_stream_outlives_the_database_and_not_its_token(
    application: FastAPI, clock: Clock, token_for: TokenFor
) -> None:
    brief = await token_for("analyst", expires="2026-01-15T13:00:00Z")
    stream = await streaming(application, brief, beat_s=0.1)
    application.state.database = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    for _ in range(4):
        assert (await anext(stream)).startswith(": here")
    clock.set("2026-01-15T13:00:00Z")
    async with asyncio.timeout(LONG_S):
        assert len([line async for line in stream]) <= 2


async def test_nothing_is_told_once_a_token_is_revoked_however_long_until_the_next_beat(
    application: FastAPI,
    admin: httpx.AsyncClient,
    database: Database,
    token_for: TokenFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(eventstream, "FRESH_S", 0.0)
    south = await token_for("supervisor", teams=["South"])
    stream = await streaming(application, south, beat_s=LONG_S)
    assert (await anext(stream)).startswith(": here")
    await tell(database, *numbered("a"))
    assert details(await anext(stream)) == ["a"]
    (newest,) = (await admin.get("/tokens")).json()["items"][-1:]
    assert (await admin.delete(f"/tokens/{newest['id']}")).status_code == 204
    await tell(database, *numbered("b"))
    async with asyncio.timeout(LONG_S):
        assert [line async for line in stream] == []


async def test_what_many_see_is_written_once_and_each_sees_their_own(
    application: FastAPI, database: Database, token_for: TokenFor
) -> None:
    await tell(database, *numbered(range(45)))
    _text.cache_clear()
    south = await token_for("supervisor", teams=["South"])
    officer = await token_for("officer", officer="2")
    streams = [await streaming(application, token) for token in (officer, south, officer)]
    for stream in streams:
        assert await anext(stream) == ": here\nid: 0\n\n"
        parts = [details(await anext(stream)) for _ in range(3)]
        assert [len(part) for part in parts] == [20, 20, 5]
        assert [number for part in parts for number in part] == [str(i) for i in range(45)]
        await stream.aclose()
    assert _text.cache_info().misses == 45


async def test_who_takes_nothing_is_cut_off_and_the_others_are_not_held_up(
    application: FastAPI, database: Database, token_for: TokenFor, live: Live
) -> None:
    south = await token_for("supervisor", teams=["South"])
    stuck = EventStream(await streaming(application, south), slowest_s=0.2)
    await tell(database, *numbered("abc"))
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) > 2:
            await asyncio.Event().wait()

    cut_off = asyncio.create_task(stuck.stream_response(send))
    other = await streaming(application, south)
    assert await anext(other) == ": here\nid: 0\n\n"
    assert details(await anext(other)) == list("abc")
    async with asyncio.timeout(LONG_S):
        await cut_off
    assert live._followers == 1
    await other.aclose()
    assert live._followers == 0


async def test_the_stream_is_chosen_by_accept_and_begins_now(
    application: FastAPI, supervisor: httpx.AsyncClient, database: Database, live: Live
) -> None:
    await tell(database, *numbered("ab"))
    live.end()  # so that the stream does, too, once it has begun
    for more in ({"headers": {"Accept": "text/event-stream"}}, {"params": {"f": "stream"}}):
        answer = await supervisor.get("/events", **more)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (answer.headers["cache-control"], answer.text) == ("no-store", ": here\nid: 2\n\n")
    resumed = {"Accept": "text/event-stream", "Last-Event-ID": "1"}
    assert "id: 1\n" in (await supervisor.get("/events?after=2", headers=resumed)).text
    assert "id: 1\n" in (await supervisor.get("/events?f=stream&after=1")).text
    # Told by a database of which this one is an older copy.
    assert "id: 2\n" in (await supervisor.get("/events?f=stream&after=99")).text
