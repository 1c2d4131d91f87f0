import base64
import json
import logging
from collections.abc import MutableMapping
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from memory import Storage

from ingest import http
from ingest.doors import DOORS, Door
from ingest.examples import EXAMPLES, FORM
from ingest.sender import Credential, Key, Sender

KEY = "bkd_radio-key"
BEARER = {"Authorization": f"Bearer {KEY}"}
GATEWAY = {"Authorization": "Bearer bkd_gateway-key"}
HOUSE = {"phone-03": 7, "radio-7": 7, "2167005": 8}
EMPTY = ("", None)
ANSWERS = {
    "owntracks": ("[]", "application/json"),
    "overland": ('{"result":"ok"}', "application/json"),
    "osmand": EMPTY,
    "traccar": EMPTY,
    "gpslogger": EMPTY,
}
TAKEN = ('{"accepted":1,"duplicates":0,"rejected":[]}', "application/json")
POINT = "id=phone-03&timestamp=1772399045&lat=51.5072&lon=-0.1276"
GARBAGE = b"hello"
STRANGE_BATCH = EXAMPLES["overland"].text.replace("phone-03", "555")

every_door = pytest.mark.parametrize("door", DOORS, ids=[door.format for door in DOORS])


@pytest.fixture(autouse=True)
def senders(app: FastAPI) -> None:
    known: dict[str, Sender] = {
        KEY: Sender("radio-7", 7, {"phone-03": 7, "2167005": 7}),
        "bkd_gateway-key": Sender("dimetra", None, HOUSE),
    }

    async def identify(credential: Credential) -> Sender | None:
        return known.get(credential.secret) if isinstance(credential, Key) else None

    app.state.ingest = replace(app.state.ingest, identify=identify)


def said(response: httpx.Response) -> tuple[str, str | None]:
    assert response.status_code == 200, response.text
    return response.text, response.headers.get("content-type")


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@every_door
async def test_every_format_is_taken_and_answered_as_its_protocol_says(
    client: httpx.AsyncClient, storage: Storage, door: Door
) -> None:
    example = EXAMPLES[door.format]
    headers = BEARER | {"Content-Type": example.media_type}
    response = await client.post(f"/ingest/{door.format}", content=example.text, headers=headers)
    assert said(response) == ANSWERS.get(door.format, TAKEN)
    assert {device for device, _ in storage.fixes} == {7}


@every_door
async def test_a_key_may_stand_in_the_path_of_every_format(
    client: httpx.AsyncClient, storage: Storage, door: Door
) -> None:
    for path in (f"/ingest/{door.format}/{KEY}", f"/ingest/{door.format}/{KEY}/"):
        response = await client.post(path, content=EXAMPLES[door.format].text)
        assert response.status_code == 200
    assert len(storage.fixes) == 1


@every_door
@pytest.mark.parametrize("rest", ["", "/", "/bkd_wrong", "/bkd_wrong/x", "?key=bkd_wrong"])
async def test_a_stranger_is_nowhere_let_in_and_no_key_is_told_again(
    client: httpx.AsyncClient, storage: Storage, door: Door, rest: str
) -> None:
    for method in door.methods:
        response = await client.request(method, f"/ingest/{door.format}{rest}")
        assert response.json()["error"] == "Unauthorised"
        assert "bkd_" not in response.text
    assert storage.broken == []


async def test_a_key_in_the_path_comes_before_what_an_app_sends_of_its_own(
    client: httpx.AsyncClient,
) -> None:
    path, body = f"/ingest/owntracks/{KEY}", EXAMPLES["owntracks"].text
    for headers in (basic("user", ""), {"Authorization": "Bearer "}, {"X-Device-Key": "bkd_wrong"}):
        assert (await client.post(path, content=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("to", ["GET osmand", "POST osmand", "GET traccar", "POST traccar"])
@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"?{POINT}&key={KEY}", {}),
        (f"?key={KEY}&{POINT}", {}),
        (f"/{KEY}?{POINT}", {}),
        (f"/{KEY}/?{POINT}", {}),
        (f"?{POINT}", basic("phone-03", KEY)),
        (f"?{POINT}", BEARER),
    ],
)
async def test_the_parameters_of_a_url_are_a_message(
    client: httpx.AsyncClient, storage: Storage, to: str, url: str, headers: dict[str, str]
) -> None:
    method, format_ = to.split()
    response = await client.request(method, f"/ingest/{format_}{url}", headers=headers)
    assert said(response) == EMPTY
    assert response.headers["cache-control"] == "no-store"
    assert storage.fixes == {(7, 1_772_399_045_000_000): (51.5072, -0.1276)}


async def test_a_body_comes_before_the_parameters_of_a_url(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    headers = {"Content-Type": FORM}
    url = f"/ingest/osmand?key={KEY}&id=phone-03&lat=1&lon=1"
    assert said(await client.post(url, content=POINT, headers=headers)) == EMPTY
    assert list(storage.fixes.values()) == [(51.5072, -0.1276)]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_gpslogger_may_use_any_method(
    client: httpx.AsyncClient, storage: Storage, method: str
) -> None:
    url = f"/ingest/gpslogger/{KEY}?{EXAMPLES['gpslogger'].text}"
    assert said(await client.request(method, url)) == EMPTY
    assert len(storage.fixes) == 1


async def test_a_key_in_a_url_is_not_kept_with_what_cannot_be_read(
    client: httpx.AsyncClient, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ingest")
    for url in (
        f"osmand?lat=x&key={KEY}&id=a&%6bey={KEY}",
        f"osmand/{KEY}?lat=x&lon=1&id=a",
        f"gpslogger?lat=x&key={KEY}",
        f"osmand?key={KEY}",
    ):
        response = await client.get(f"/ingest/{url}")
        assert KEY not in response.text
    kept = [broken.payload for broken in storage.broken]
    assert kept == [b"lat=x&id=a", b"lat=x&lon=1&id=a", b"lat=x", b""]
    assert all(KEY not in broken.reason for broken in storage.broken)
    assert caplog.records
    assert KEY not in caplog.text


async def test_bytes_that_are_no_utf8_in_a_url_are_kept_as_they_came(
    app: FastAPI, storage: Storage
) -> None:
    query = f"\udcff=1&key={KEY}&lat=\udcfe".encode(errors="surrogateescape")
    scope = {"type": "http", "method": "GET", "path": "/ingest/osmand", "query_string": query}
    answers = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(part: MutableMapping[str, object]) -> None:
        answers.append(part.get("status"))

    await http.Doors(app, app)(scope | {"headers": []}, receive, send)
    assert answers[0] == 200
    assert [broken.payload for broken in storage.broken] == [b"\xff=1&lat=\xfe"]


@every_door
async def test_what_can_never_be_read_is_set_aside_and_apps_that_would_try_for_ever_are_thanked(
    client: httpx.AsyncClient, storage: Storage, door: Door
) -> None:
    response = await client.post(f"/ingest/{door.format}", content=GARBAGE, headers=BEARER)
    if door.format in {"owntracks", "overland", "osmand", "traccar"}:
        assert said(response) == ANSWERS[door.format]
    else:
        assert response.json()["error"] == "DecodeError"
    assert [broken.payload for broken in storage.broken] == [GARBAGE]


@every_door
async def test_what_is_too_large_stays_with_its_app_and_the_log_says_whose_it_is(
    client: httpx.AsyncClient, storage: Storage, caplog: pytest.LogCaptureFixture, door: Door
) -> None:
    requests = [("POST", "", b" " * 1001)]
    if door.takes_query:
        requests.append(("GET", "?" + "x" * 1001, b""))
    for method, query, body in requests:
        url = f"/ingest/{door.format}{query}"
        response = await client.request(method, url, content=body, headers=BEARER)
        assert response.json()["error"] == "BodyTooLarge"
        assert f"{door.format} from radio-7: refused" in caplog.records[-1].getMessage()
        assert "1000 bytes" in caplog.records[-1].getMessage()
    assert storage.broken == []


@pytest.mark.parametrize("format_", ["osmand", "traccar"])
async def test_a_position_that_names_nobody_is_of_the_device_whose_key_it_is(
    client: httpx.AsyncClient, storage: Storage, format_: str
) -> None:
    point = POINT.partition("&")[2]
    assert said(await client.get(f"/ingest/{format_}/{KEY}?{point}")) == EMPTY
    assert storage.fixes == {(7, 1_772_399_045_000_000): (51.5072, -0.1276)}
    assert storage.broken == []


@pytest.mark.parametrize(
    ("url", "body", "reason"),
    [
        (f"osmand/{KEY}?{POINT}".replace("phone-03", "555"), "", "may not send for '555'"),
        (f"traccar/bkd_gateway-key?{POINT[12:]}", "", "names a device in each fix"),
        (f"overland/{KEY}", STRANGE_BATCH, "may not send for '555'"),
        (f"pings/{KEY}", EXAMPLES["pings"].text.replace("{", '{"device": "555", '), None),
    ],
)
async def test_what_one_may_not_send_is_set_aside_where_the_answer_cannot_say_so(
    client: httpx.AsyncClient, storage: Storage, url: str, body: str, reason: str | None
) -> None:
    response = await client.post(f"/ingest/{url}", content=body)
    assert response.status_code == 200
    assert storage.fixes == {}
    reasons = [broken.reason for broken in storage.broken]
    if reason is None:
        assert reasons == []
        assert response.json()["rejected"][0]["reason"] == "unknown_device"
    else:
        (kept,) = reasons
        assert kept.startswith("not taken: device: ")
        assert reason in kept


async def test_a_batch_as_large_as_overland_makes_them_is_taken_whole(
    client: httpx.AsyncClient, app: FastAPI, storage: Storage
) -> None:
    state = app.state.ingest
    app.state.ingest = http.IngestState(state.intake, state.identify, state.now_us)
    (point,) = json.loads(EXAMPLES["overland"].text)["locations"]
    more = point["properties"] | {"wifi": "x" * 800}
    batch = [
        point | {"properties": more | {"timestamp": 1_772_399_045 - second}}
        for second in range(1500)
    ]
    response = await client.post("/ingest/overland", json={"locations": batch}, headers=BEARER)
    assert int(response.request.headers["content-length"]) > 1_500_000
    assert said(response) == ANSWERS["overland"]
    assert len(storage.fixes) == 1500


async def test_a_batch_with_bad_points_is_ok_for_overland_and_the_log_says_what_was_bad(
    client: httpx.AsyncClient, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ingest")
    body = EXAMPLES["overland"].text.replace("[{", '[{"type": "Feature"}, {', 1)
    response = await client.post("/ingest/overland", content=body, headers=BEARER)
    assert said(response) == ANSWERS["overland"]
    assert len(storage.fixes) == 1
    assert "overland from radio-7: 1 rejected" in caplog.text


@pytest.mark.parametrize(
    ("url", "body", "device"),
    [
        (f"osmand?{POINT}", "", 7),
        (f"osmand?{POINT}".replace("id=", "deviceid="), "", 7),
        ("tetra", EXAMPLES["tetra"].text, 8),
        ("lip", EXAMPLES["lip"].text, 8),
        ("hytera", EXAMPLES["hytera"].text, 8),
        ("taip", EXAMPLES["taip"].text, 8),
        ("nmea?device=2167005", EXAMPLES["nmea"].text, 8),
        ("pings?device=radio-7", EXAMPLES["pings"].text, 7),
        ("lip?device=radio-7", EXAMPLES["lip"].text, 8),  # what the message says comes first
    ],
)
async def test_a_gateway_speaks_for_the_devices_on_its_list_by_their_addresses(
    client: httpx.AsyncClient, storage: Storage, url: str, body: str, device: int
) -> None:
    response = await client.post(f"/ingest/{url}", content=body, headers=GATEWAY)
    assert response.status_code == 200
    assert {number for number, _ in storage.fixes} == {device}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "'dimetra' is a gateway and names a device"),
        ("?device=2167006", "'dimetra' may not send for '2167006'"),
        ("?device=dimetra", "'dimetra' may not send for 'dimetra'"),
    ],
)
async def test_a_gateway_speaks_for_nobody_else(
    client: httpx.AsyncClient, storage: Storage, query: str, sentence: str
) -> None:
    body = EXAMPLES["nmea"].text
    response = await client.post(f"/ingest/nmea{query}", content=body, headers=GATEWAY)
    (rejected,) = response.json()["rejected"]
    assert rejected["reason"] == "unknown_device"
    assert sentence in rejected["detail"]
    assert storage.fixes == {}


async def test_a_device_cannot_send_as_another_by_naming_it_in_the_url(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    body = EXAMPLES["nmea"].text
    response = await client.post("/ingest/nmea?device=radio-8", content=body, headers=BEARER)
    assert response.json()["rejected"][0]["reason"] == "unknown_device"
    response = await client.post("/ingest/nmea?device=2167005", content=body, headers=BEARER)
    assert response.json()["accepted"] == 1
    assert {device for device, _ in storage.fixes} == {7}
