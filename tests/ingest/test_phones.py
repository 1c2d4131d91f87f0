"""What phone apps really send over HTTP: who they say they are, their oddities, their answers."""

import base64
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from memory import NOW_US, Storage

from ingest.sender import Credential, Key, Sender
from ingest.units import SPEEDS_MPS

KEY = "bkd_phone-key"
NOW = NOW_US // 1_000_000
LOCATION = f'{{"_type":"location","tst":{NOW},"lat":51.5,"lon":-0.12,"tid":"p3"}}'
FIX = {(3, NOW_US): (51.5, -0.12)}
OK = '{"result":"ok"}'


@pytest.fixture(autouse=True)
def phone(app: FastAPI) -> None:
    known = Sender("phone-03", 3, {"ada/phone": 3}, speed_unit_mps=SPEEDS_MPS["mps"])

    async def identify(credential: Credential) -> Sender | None:
        return known if isinstance(credential, Key) and credential.secret == KEY else None

    app.state.ingest = replace(app.state.ingest, identify=identify)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("query", "headers", "topic"),
    [
        ("", {}, None),
        ("", {"X-Limit-U": "user", "X-Limit-D": "device"}, None),  # iOS, where none are set
        ("", {"X-Limit-U": "eve", "X-Limit-D": "other"}, "owntracks/eve/other"),
        ("?u=ada&d=phone", {}, "owntracks/ada/phone"),
        ("?u=eve&d=other", {}, "owntracks/eve/other"),
    ],
)
async def test_a_key_alone_says_whose_an_owntracks_message_is(
    client: httpx.AsyncClient,
    storage: Storage,
    query: str,
    headers: dict[str, str],
    topic: str | None,
) -> None:
    body = LOCATION[:-1] + (f',"topic":"{topic}"}}' if topic else "}")
    sent = headers | basic("user", KEY) | {"Content-Type": "application/json; charset=utf-8"}
    answer = await client.post(f"/ingest/owntracks{query}", content=body, headers=sent)
    assert (answer.status_code, answer.text) == (200, "[]")
    assert storage.fixes == FIX


async def test_every_type_of_owntracks_is_taken_off_the_phones_queue(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    types = ["waypoint", "waypoints", "lwt", "cmd", "card", "configuration", "status", "steps"]
    bodies = [f'{{"_type":"{kind}","tst":{NOW},"lat":1,"lon":1}}' for kind in [*types, "new"]]
    bodies.append(f'{{"_type":"transition","tst":{NOW},"event":"leave"}}')
    bodies += ["", '{"_type":"encrypted","data":"AAAA"}']
    for body in bodies:
        url = f"/ingest/owntracks/{KEY}"
        answer = await client.post(url, content=body, headers=basic("user", ""))
        assert (answer.status_code, answer.text) == (200, "[]")
    assert storage.fixes == {}
    assert [said.kind for said in storage.said] == ["offline", "region_left"]
    (sealed,) = storage.broken
    assert "encrypted" in sealed.reason


async def test_overland_in_owntracks_mode_shows_its_token_unencoded_and_hears_ok(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    body = LOCATION.replace(str(NOW), str(NOW - 978_307_200))  # it counts from 2001
    for token, status in ((KEY, 200), ("bkd_wrong", 418)):
        headers = {"Authorization": f"Basic {token}:"}
        answer = await client.post("/ingest/overland", content=body, headers=headers)
        assert answer.status_code == status
        assert (answer.text == OK) == (status == 200)
    assert storage.fixes == FIX


@pytest.mark.parametrize("format_", ["osmand", "traccar"])
async def test_a_speed_is_read_in_the_unit_of_who_sends_it(
    client: httpx.AsyncClient, storage: Storage, format_: str
) -> None:
    params = {"id": "phone-03", "lat": 51.5, "lon": -0.12, "timestamp": NOW, "speed": 7}
    answer = await client.get(f"/ingest/{format_}/{KEY}", params=params)
    assert (answer.status_code, answer.content) == (200, b"")
    assert storage.batches[0].speed_mps.tolist() == [7.0]
