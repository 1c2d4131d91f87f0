import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from memory import Storage

from ingest.errors import StorageUnavailable
from ingest.http import Doors

PING = {"time": "2026-03-01T21:04:05Z", "lat": 51.5, "lon": -0.12}
LOCATION = b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.12}'
KEY = {"Authorization": "Bearer radio-key"}


async def test_the_answer_counts_and_names_what_was_rejected(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    fixes = [PING, PING, PING | {"time": "2026-03-02T00:08:10Z"}]
    response = await client.post("/ingest/pings", json=fixes, headers=KEY)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [
            {
                "index": 2,
                "reason": "future",
                "detail": "time: 2026-03-02T00:08:10Z is 3 h 4 min ahead of the server's clock",
            }
        ],
    }
    assert list(storage.fixes.values()) == [(51.5, -0.12)]


async def test_lines_are_taken_like_a_list(client: httpx.AsyncClient) -> None:
    lines = "\n".join(json.dumps(PING | {"time": 1_772_399_000 + n}) for n in range(3))
    response = await client.post("/ingest/pings", content=lines, headers=KEY)
    assert response.json() == {"accepted": 3, "duplicates": 0, "rejected": []}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (KEY, ""),
        ({"Authorization": "bearer radio-key"}, ""),
        (basic("radio-7", "radio-key"), ""),
        ({"X-Device-Key": "radio-key"}, ""),
        ({}, "?key=radio-key"),
        ({**KEY, "X-Limit-U": "eve", "X-Limit-D": "other"}, ""),
    ],
)
async def test_a_key_is_taken_wherever_an_app_can_put_it(
    client: httpx.AsyncClient, storage: Storage, headers: dict[str, str], query: str
) -> None:
    for path, body in (("pings", json.dumps(PING).encode()), ("owntracks", LOCATION)):
        response = await client.post(f"/ingest/{path}{query}", content=body, headers=headers)
        assert response.status_code == 200
    assert {device for device, _ in storage.fixes} == {7}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "no device key"),
        ({"Authorization": "Bearer "}, "no device key"),
        ({"Authorization": "Bearer wrong"}, "not known"),
        ({"Authorization": "Basic !!!"}, "base64"),
        ({"Authorization": "Basic /w=="}, "base64"),
        (basic("eve", "radio-key"), "not known"),
        ({"X-Limit-U": "ada", "X-Limit-D": "phone"}, "no device key"),
    ],
)
@pytest.mark.parametrize("path", ["pings", "owntracks"])
async def test_a_stranger_is_refused_before_the_body_is_read(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], said: str
) -> None:
    asked_for: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        asked_for.append(b"hello")
        yield asked_for[-1]

    response = await client.post(f"/ingest/{path}", content=body(), headers=headers)
    assert asked_for == []
    assert response.json()["error"] == "Unauthorised"
    assert said in response.json()["detail"]


async def test_a_message_that_is_not_json_is_refused_and_set_aside(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    response = await client.post("/ingest/pings", content=b"hello", headers=KEY)
    assert response.json()["error"] == "DecodeError"
    assert [broken.payload for broken in storage.broken] == [b"hello"]


@pytest.mark.parametrize("body", [LOCATION, b"", b"hello", b'{"_type":"lwt"}'])
async def test_owntracks_apps_are_answered_with_an_empty_list_whatever_they_sent(
    client: httpx.AsyncClient, storage: Storage, body: bytes
) -> None:
    response = await client.post("/ingest/owntracks", content=body, headers=KEY)
    assert (response.status_code, response.content) == (200, b"[]")
    assert len(storage.fixes) == (body == LOCATION)
    assert len(storage.broken) == (body == b"hello")


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_naming_the_limit(
    client: httpx.AsyncClient, storage: Storage, *, declared: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    content = b" " * 1001 if declared else chunks()
    response = await client.post("/ingest/pings", content=content, headers=KEY)
    assert response.json() == {
        "error": "BodyTooLarge",
        "detail": "the body is larger than 1000 bytes; send it in parts",
    }
    assert storage.broken == []


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    headers = KEY | {"Content-Encoding": "gzip"}
    response = await client.post("/ingest/pings", content=b"x", headers=headers)
    assert response.json()["error"] == "EncodingRefused"


async def test_no_receipt_while_storage_is_away(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    for path, body in (("pings", json.dumps(PING).encode()), ("owntracks", LOCATION)):
        storage.failures = [StorageUnavailable("the database is locked") for _ in range(2)]
        response = await client.post(f"/ingest/{path}", content=body, headers=KEY)
        assert response.json()["error"] == "StorageUnavailable"
        assert (await client.post(f"/ingest/{path}", content=body, headers=KEY)).is_success


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    """A real server on a real socket."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(Doors(app, app), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


async def test_a_real_server_takes_many_posts_on_one_connection(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=KEY) as client:
        for n in range(5):
            fix = PING | {"time": 1_772_399_000 + n}
            assert (await client.post("/ingest/pings", json=fix)).json()["accepted"] == 1
        large = await client.post("/ingest/pings", content=b" " * 5_000_000)
        assert large.json()["error"] == "BodyTooLarge"
        assert (await client.post("/ingest/pings", json=PING)).json()["accepted"] == 1


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_body_that_does_not_come_ends_the_request(
    port: int, storage: Storage, caplog: pytest.LogCaptureFixture, *, leaves: bool
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /ingest/pings HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer radio-key\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    await writer.drain()
    if leaves:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(4000), 5)
    assert (b"BodyTooSlow" in answer) == (not leaves)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert storage.batches == []
    writer.close()
    await writer.wait_closed()
