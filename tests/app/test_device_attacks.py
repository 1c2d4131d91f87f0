"""Whoever has a device's secret, or none, against every way in: only its own track is written."""

import asyncio
import datetime as dt
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import MappingProxyType

import httpx
import pytest
import sqlalchemy as sa
from callers import ADMIN, bearer
from fastapi import FastAPI

from app.access.rules import RULES
from app.bootstrap import ensure_administrator
from app.doctor.messages import RADIO, Whereabouts, media_type, message
from app.main import create_app
from app.settings import Settings
from app.storage.engine import Database
from app.storage.schema import devices, fixes, quarantine
from app.storage.types import to_us
from ingest.decoders import DECODERS
from ingest.errors import IngestError
from ingest.message import Message
from ingest.sender import Address, Sender

NOW = dt.datetime(2026, 3, 1, 21, 4, 5, tzinfo=dt.UTC)
VICTIM, THIEF, LISTED, GATEWAY, LOCKED = "victim", "thief", "listed", "gateway", "locked"
NOTHING: Mapping[str, str] = MappingProxyType({})
RADIOS = {"taip", "tetra", "lip", "lrrp", "hytera"}
# In these what is sent says who it is about; the others go by the key alone.
NAMING = RADIOS | {"osmand", "traccar", "overland", "cot"}
TRACK = (
    f"device,time,lat,lon\n{VICTIM},2026-03-01T21:00:00Z,51.5,-0.1\n"
    f"{VICTIM},2026-03-01T21:01:00Z,51.5,-0.1\n"
)


class World:
    """The service, the devices' keys, and how many fixes each has."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, keys: Mapping[str, str]) -> None:
        self.app = app
        self.client = client
        self.keys = keys

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def post(
        self,
        format_: str,
        key: str,
        *,
        about: str = VICTIM,
        params: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
    ) -> int:
        """Posts a message that says it is about somebody; gives the status."""
        shown = {"Authorization": f"Bearer {key}", "Content-Type": media_type(format_)}
        answer = await self.client.post(
            f"/ingest/{format_}",
            content=said(format_, about),
            headers={**shown, **headers},
            params=params,
        )
        return answer.status_code

    async def fixes(self) -> dict[str, int]:
        query = (
            sa.select(devices.c.name, sa.func.count())
            .join(fixes, fixes.c.device_id == devices.c.id)
            .group_by(devices.c.name)
        )
        async with self.database.read() as reader:
            return {name: number for name, number in await reader.execute(query)}  # noqa: C416


def said(format_: str, about: str) -> bytes:
    """A message of a second of its own, as fixes are told apart by time."""
    when = NOW - dt.timedelta(seconds=list(DECODERS).index(format_))
    return message(format_, Whereabouts(about, when, 51.5, -0.12))


@pytest.fixture
def at_once() -> int:
    """How many messages a device may send before it has to wait for long."""
    return 20_000


@pytest.fixture
async def world(sqlite_url: str, at_once: int) -> AsyncIterator[World]:
    settings = Settings(
        database=sqlite_url,
        admin_token=ADMIN,
        spool_bytes=0,
        guesses_per_minute=100_000,
        device_posts_per_s=0.01,
        device_posts_at_once=at_once,
    )
    app = create_app(settings, lambda: to_us(NOW) + 5_000_000)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        await ensure_administrator(app.state.database, ADMIN, NOW)
        keys = {}
        for name, more in {
            VICTIM: {"addresses": [{"kind": "issi", "address": RADIO}]},
            THIEF: {},
            LISTED: {},
            LOCKED: {},
            GATEWAY: {"kind": "gateway", "speaks_for": [LISTED, LOCKED]},
        }.items():
            made = await client.post(
                "/api/v1/devices",
                json={"name": name, "kind": "phone", **more},
                headers=bearer(ADMIN),
            )
            assert made.status_code == 201, made.text
            keys[name] = made.json()["key"]
        yield World(app, client, keys)


async def test_a_device_that_names_another_in_the_message_writes_nothing_of_the_other(
    world: World,
) -> None:
    for format_ in DECODERS:
        assert await world.post(format_, world.keys[THIEF]) == 200, format_
    found = await world.fixes()
    assert VICTIM not in found
    assert found == {THIEF: len(DECODERS.keys() - NAMING)}


@pytest.mark.parametrize(
    ("params", "headers"),
    [
        ({"device": VICTIM}, {}),
        ({"id": VICTIM, "deviceid": VICTIM, "u": VICTIM, "d": VICTIM}, {}),
        ({}, {"X-Limit-U": VICTIM, "X-Limit-D": VICTIM, "X-Device": VICTIM}),
    ],
    ids=["query", "other parameters", "headers"],
)
async def test_a_device_that_names_another_beside_the_message_writes_nothing_of_the_other(
    world: World, params: dict[str, str], headers: dict[str, str]
) -> None:
    for format_ in DECODERS:
        assert await world.post(format_, world.keys[THIEF], params=params, headers=headers) < 500, (
            format_
        )
        basic = b64encode(f"{VICTIM}:{world.keys[THIEF]}".encode()).decode()
        shown = {"Authorization": f"Basic {basic}"}
        assert await world.post(format_, "", headers=shown) == 200, format_
    assert VICTIM not in await world.fixes()


async def test_a_track_file_of_another_device_writes_nothing_of_the_other(world: World) -> None:
    for key in (world.keys[THIEF], world.keys[GATEWAY]):
        for params in ({}, {"device": VICTIM}):
            answer = await world.client.post(
                f"/ingest/files/{key}", params=params, files={"file": ("track.csv", TRACK)}
            )
            assert answer.status_code in {200, 400}, answer.text
    assert VICTIM not in await world.fixes()


async def test_a_gateway_writes_only_its_listed_devices(world: World) -> None:
    for format_ in DECODERS:
        await world.post(format_, world.keys[GATEWAY], about=VICTIM)
        await world.post(format_, world.keys[GATEWAY], params={"device": VICTIM})
    assert await world.fixes() == {}
    for format_ in ("pings", "geojson", "nmea"):
        status = await world.post(format_, world.keys[GATEWAY], params={"device": LISTED})
        assert status == 200
    assert set(await world.fixes()) == {LISTED}


async def test_a_message_under_a_devices_topic_writes_nothing_of_another(world: World) -> None:
    directory, intake = world.app.state.directory, world.app.state.ingest.intake
    for name in (THIEF, GATEWAY):
        sender = await directory.identify(Address("device", name))
        assert isinstance(sender, Sender)
        for format_ in DECODERS:
            with suppress(IngestError):
                await intake.accept(Message(said(format_, VICTIM), format_, to_us(NOW), sender))
    assert set(await world.fixes()) == {THIEF}


async def test_a_message_replayed_by_another_device_is_never_the_first_ones(world: World) -> None:
    for format_ in DECODERS:
        assert await world.post(format_, world.keys[VICTIM]) == 200
    before = (await world.fixes())[VICTIM]
    for format_ in DECODERS:
        await world.post(format_, world.keys[THIEF])
        await world.post(format_, world.keys[VICTIM])  # nor by itself: what is there is there
    assert (await world.fixes())[VICTIM] == before


async def test_whatever_is_no_good_key_is_refused_in_the_same_words_at_every_door(
    world: World,
) -> None:
    api = {"headers": bearer(ADMIN)}
    revoked = (await world.client.post(f"/api/v1/devices/{THIEF}/keys", **api)).json()["key"]
    kept = (await world.client.get(f"/api/v1/devices/{THIEF}/keys", **api)).json()["items"]
    await world.client.delete(f"/api/v1/devices/{THIEF}/keys/{kept[-1]['id']}", **api)
    lock = await world.client.put(f"/api/v1/devices/{LOCKED}/lock", **api)
    assert lock.status_code == 204
    bad = ("bkd_wrong", revoked, world.keys[LOCKED], ADMIN, "x" * 4000, VICTIM)
    for format_ in [*DECODERS, "files"]:
        url, body = f"/ingest/{format_}", said(format_, THIEF) if format_ != "files" else b"x"
        answers = [
            await world.client.post(url, content=body, headers={"X-Device-Key": key}) for key in bad
        ] + [await world.client.post(f"{url}/{key}", content=body) for key in bad[:4]]
        assert {answer.status_code for answer in answers} == {401}, format_
        assert len({answer.text for answer in answers}) == 1, format_
        assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1, format_
        assert (await world.client.post(url, content=body)).status_code == 401
    assert await world.fixes() == {}
    await world.app.state.refusals.flush()
    told = (await world.client.get("/api/v1/refusals", **api)).json()["items"]
    doors = len(DECODERS) + 1
    assert {(one["device"], one["reason"]): one["times"] for one in told} == {
        (None, "stranger"): 6 * doors,
        (THIEF, "revoked"): 2 * doors,
        (LOCKED, "locked"): 2 * doors,
    }
    assert {one["door"] for one in told} == {"http"}


@pytest.mark.parametrize("at_once", [3])
async def test_a_device_that_floods_is_counted_and_holds_up_nobody_else(world: World) -> None:
    thief = world.keys[THIEF]
    assert [await world.post("pings", thief, about=THIEF) for _ in range(4)] == [200] * 3 + [429]
    shown = {"X-Device-Key": thief}
    assert (await world.client.post("/ingest/files", headers=shown)).status_code == 429
    assert await world.post("pings", world.keys[VICTIM]) == 200
    through = [await world.post("tetra", world.keys[GATEWAY], about=LISTED) for _ in range(7)]
    assert through[6:] == [429], "it has the share of two devices"
    assert 429 not in through[:6]
    await world.app.state.refusals.flush()
    told = (await world.client.get("/api/v1/refusals", headers=bearer(ADMIN))).json()["items"]
    assert {(one["device"], one["reason"], one["times"]) for one in told} == {
        (THIEF, "too_often", 2),
        (GATEWAY, "too_often", 1),
    }


async def test_a_devices_key_opens_no_route_of_the_api(world: World) -> None:
    for rule in RULES:
        method, _, path = rule.partition(" ")
        url = "/api/v1" + path.replace("{name}", THIEF)
        answer = await world.client.request(method, url, headers=bearer(world.keys[THIEF]))
        assert answer.status_code == 401, rule


async def test_a_lock_counts_from_its_answer_on_at_every_door_and_through_a_gateway(
    world: World,
) -> None:
    url, api = f"/api/v1/devices/{LOCKED}/lock", {"headers": bearer(ADMIN)}
    key, gateway = world.keys[LOCKED], world.keys[GATEWAY]
    by_gateway = {"device": LOCKED}
    assert await world.post("pings", key) == 200
    assert await world.post("nmea", gateway, params=by_gateway) == 200
    assert await world.fixes() == {LOCKED: 2}
    for _ in range(3):
        assert (await world.client.put(url, **api)).status_code == 204
        for format_ in DECODERS:
            assert await world.post(format_, key, about=LOCKED) == 401
            assert await world.post(format_, gateway, about=LOCKED) < 500
            await world.post(format_, gateway, params=by_gateway)
        assert await world.fixes() == {LOCKED: 2}
        assert (await world.client.delete(url, **api)).status_code == 204
        assert await world.post("geojson", key) == 200
        await world.client.put(url, **api)
        # What names nobody is a gateway's broken message; nothing of the locked device is kept.
        assert not any(LOCKED.encode() in payload for payload in await kept(world))
        async with world.database.write() as writer:
            await writer.execute(sa.delete(fixes).where(fixes.c.source == "geojson"))
    await world.app.state.refusals.flush()
    told = (await world.client.get("/api/v1/refusals", **api)).json()["items"]
    counted = {(one["door"], one["device"], one["reason"]): one["times"] for one in told}
    assert counted["http", LOCKED, "locked"] == 3 * len(DECODERS)
    assert counted["gateway", LOCKED, "locked"] > 3


async def kept(world: World) -> list[bytes]:
    async with world.database.read() as reader:
        return list(await reader.scalars(sa.select(quarantine.c.payload)))


async def test_what_a_gateway_publishes_of_a_locked_device_is_not_kept_either(
    world: World,
) -> None:
    await world.client.put(f"/api/v1/devices/{LOCKED}/lock", headers=bearer(ADMIN))
    directory, intake = world.app.state.directory, world.app.state.ingest.intake
    gateway = await directory.identify(Address("device", GATEWAY))
    mixed = f'[{{"device": "{LOCKED}", "time": {to_us(NOW) // 10**6}, "lat": 51.5, "lon": 0.1}},'
    mixed += f'{{"device": "{LISTED}", "time": {to_us(NOW) // 10**6}, "lat": 51.5, "lon": 0.1}}]'
    async with asyncio.timeout(5):
        receipt = await intake.accept(Message(mixed.encode(), "pings", to_us(NOW), gateway))
    assert (receipt.accepted, len(receipt.rejected)) == (1, 1)
    assert receipt.rejected[0].detail == gateway.refusal(LOCKED)  # as of any whom it is not for
    assert set(await world.fixes()) == {LISTED}
    assert await kept(world) == []
