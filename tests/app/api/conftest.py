"""The API on a migrated database of each kind, with a clock that the test sets."""

from collections.abc import AsyncIterator

import httpx
import pytest
from callers import ADMIN, Clock, TokenFor, bearer
from fastapi import FastAPI

from app import api
from app.bootstrap import ensure_administrator
from app.storage.engine import Database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def application(database: Database, clock: Clock) -> FastAPI:
    app = FastAPI()
    app.include_router(api.router)
    api.errors.install(app)
    app.state.database = database
    app.state.now_us = clock.now_us
    app.state.body_timeout_s = 30.0
    app.state.templates = None
    await ensure_administrator(database, ADMIN, clock.now)
    return app


@pytest.fixture
async def stranger(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
        yield client


@pytest.fixture
async def admin(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the first administrator's token."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/api/v1", headers=bearer(ADMIN)
    ) as client:
        yield client


@pytest.fixture
def token_for(admin: httpx.AsyncClient) -> TokenFor:
    async def make(role: str, **more: object) -> dict[str, str]:
        answer = await admin.post("/tokens", json={"name": role, "role": role, **more})
        assert answer.status_code == 201, answer.text
        return bearer(answer.json()["token"])

    return make
