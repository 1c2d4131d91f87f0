"""The API on a migrated database of each kind, with a clock that the test sets."""

from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network

import httpx
import pytest
from callers import ADMIN, Clock, TokenFor, bearer
from fastapi import FastAPI
from provider_process import Provider, provider
from services import ServiceMissing

from app import api
from app.auditing import Auditor
from app.bootstrap import ensure_administrator
from app.destinations import Destinations
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
    app.state.auditor = Auditor(database, clock.now_us)
    app.state.now_us = clock.now_us
    app.state.body_timeout_s = 30.0
    app.state.templates = None
    app.state.least_officers = 2  # a test's world is a small one
    app.state.event_streams = 8
    app.state.token_days = 365
    app.state.webhook_people = False
    app.state.destinations = Destinations([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
    await ensure_administrator(database, ADMIN, clock.now)
    return app


@pytest.fixture(scope="session")
def identity_provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    """A real OpenID provider, one process for all tests."""
    try:
        with provider("https://beatkeeper.test/sign-in/callback") as running:
            yield running
    except ServiceMissing as exc:
        if request.config.getoption("--require-services"):
            pytest.fail(str(exc))
        pytest.skip(str(exc))


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
async def supervisor(
    application: FastAPI, admin: httpx.AsyncClient, token_for: TokenFor
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a supervisor of all the teams that the test file's own fixtures have made."""
    teams = [team["name"] for team in (await admin.get("/teams")).json()["items"]]
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://test/api/v1",
        headers=await token_for("supervisor", teams=teams),
    ) as client:
        yield client


@pytest.fixture
def token_for(admin: httpx.AsyncClient) -> TokenFor:
    async def make(role: str, **more: object) -> dict[str, str]:
        answer = await admin.post("/tokens", json={"name": role, "role": role, **more})
        assert answer.status_code == 201, answer.text
        return bearer(answer.json()["token"])

    return make
