"""The whole service: a phone's fixes come in, a control room's webhook and the phone are told."""

import asyncio
import datetime as dt
from itertools import count

import httpx
from callers import ADMIN, bearer
from hearing import Device, reached
from receiving import receiving
from services import Mosquitto
from squares import collection, feature
from standardwebhooks import Webhook as Verifier

from app.bootstrap import ensure_administrator
from app.main import create_app
from app.settings import Settings
from app.storage.engine import Database

INSIDE, OUTSIDE = (53.4005, -2.9795), (53.4100, -2.9795)


async def test_who_comes_to_a_hot_spot_is_told_what_to_do_and_so_is_the_control_room(
    sqlite_url: str, mosquitto: Mosquitto
) -> None:
    database = Database(sqlite_url)
    await ensure_administrator(database, ADMIN, dt.datetime.now(dt.UTC))
    await database.close()
    settings = Settings(
        database=sqlite_url,
        mqtt=mosquitto.url,
        mqtt_client_id="told-elsewhere",
        webhook_networks="127.0.0.0/8",
    )
    service = create_app(settings)
    phone = Device(mosquitto.port, "phone-1")
    api = httpx.AsyncClient(
        transport=httpx.ASGITransport(service),
        base_url="http://test",
        headers=bearer(ADMIN),
    )
    async with (
        asyncio.timeout(60),
        service.router.lifespan_context(service),
        receiving() as control_room,
        api,
    ):
        made = await set_up(api, control_room.url())
        # What is told begins with the first connection to the broker.
        await reached(service.state.database, 0)
        as_phone = {"headers": bearer(made["key"]), "json": walk_in()}
        assert (await api.post("/ingest/pings", **as_phone)).json()["accepted"] == 32
        await control_room.until(lambda: control_room.deliveries)
        [heard] = await phone.has_heard(1)
    [told] = control_room.deliveries
    body = Verifier(made["secret"]).verify(told.body, told.headers)
    assert (body["type"], body["data"]["hotspot"]) == ("entered", "HS1")
    assert "phone-1" not in told.body.decode()
    assert (heard["event"], heard["name"]) == ("entered", "Market Square")
    assert (heard["plan"], heard["minimum_minutes"]) == ("all-day", 10.0)
    assert heard["task"] == "Talk to the shops"
    phone.stop()


async def set_up(api: httpx.AsyncClient, url: str) -> dict[str, str]:
    """A hot spot with a briefing and a plan, a phone, and a webhook: the secrets of these two."""

    async def do(method: str, path: str, **more: object) -> httpx.Response:
        return (await api.request(method, f"/api/v1{path}", **more)).raise_for_status()

    square = collection(feature("HS1", name="Market Square"))
    await do("POST", "/hotspots", json=square, params={"valid_from": "2026-01-01"})
    briefing = {"task": "Talk to the shops", "note": ""}
    await do("PUT", "/hotspots/HS1/briefing", json=briefing)
    windows = [
        {"name": "day", "start": "06:00", "end": "18:00", "patrols": 1},
        {"name": "night", "start": "18:00", "end": "06:00", "patrols": 1},
    ]
    plan = {"name": "All day", "first_day": "2026-01-01", "windows": windows}
    await do("PUT", "/plans/all-day", json=plan)
    phone = {"name": "phone-1", "kind": "phone"}
    key = (await do("POST", "/devices", json=phone)).json()["key"]
    webhook = {"name": "Control room", "url": url, "kinds": ["entered", "left"]}
    secret = (await do("POST", "/webhooks", json=webhook)).json()["secret"]
    return {"key": key, "secret": secret}


def walk_in() -> list[dict[str, object]]:
    """Five minutes outside, and three inside until now, a fix each 15 s."""
    now = dt.datetime.now(dt.UTC)
    places = [OUTSIDE] * 20 + [INSIDE] * 12
    times = (now - dt.timedelta(seconds=15 * i) for i in count())
    return [
        {"time": time.isoformat(), "lat": lat, "lon": lon, "accuracy_m": 5}
        for (lat, lon), time in zip(reversed(places), times, strict=False)
    ]
