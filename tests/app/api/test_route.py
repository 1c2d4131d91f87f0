"""Bodies of those who may send them, as they come."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

PATIENCE_S = 0.2
TEAM = b'{"name": "A"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """No body meets a database before it is whole: one kind says it all."""
    return sqlite_url


@pytest.fixture(autouse=True)
def patience(application: FastAPI) -> None:
    application.state.body_timeout_s = PATIENCE_S


async def every(pause_s: float, parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(pause_s)


async def test_a_body_that_comes_drop_by_drop_is_not_waited_for(admin: httpx.AsyncClient) -> None:
    drops = every(PATIENCE_S / 4, [bytes([drop]) for drop in TEAM])
    answer = await admin.post("/teams", content=drops, headers=JSON)
    assert (answer.status_code, answer.json()["title"]) == (408, "Request Timeout")
    assert answer.json()["detail"] == "the body came more slowly than 8 KiB/s after 0.2 s"
    assert (await admin.get("/teams")).json()["items"] == []


async def test_a_large_body_may_take_longer_as_long_as_it_keeps_coming(
    admin: httpx.AsyncClient,
) -> None:
    large = every(PATIENCE_S / 5, [TEAM, *[b" " * 10_000] * 10])
    answer = await admin.post("/teams", content=large, headers=JSON)
    assert answer.status_code == 201, answer.text
