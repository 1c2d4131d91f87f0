"""The way in, from the intake down, with storage in memory at its end."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from memory import NOW_US, Storage, identify

from ingest import http
from ingest.batch import Batcher
from ingest.errors import IngestError
from ingest.intake import Intake


@pytest.fixture
def storage() -> Storage:
    storage = Storage()
    storage.open.set()
    return storage


@pytest.fixture
async def batcher(storage: Storage) -> AsyncIterator[Batcher]:
    async with Batcher(storage.store, max_fixes=10, max_waiting=20) as batcher:
        yield batcher
        storage.open.set()  # a test that failed while it held storage must not hold up the rest


@pytest.fixture
def intake(batcher: Batcher, storage: Storage) -> Intake:
    return Intake(batcher.submit, storage.quarantine, storage.keep, offer=batcher.offer)


@pytest.fixture
def app(intake: Intake) -> FastAPI:
    app = FastAPI()
    app.state.ingest = http.IngestState(
        intake, identify, lambda: NOW_US, max_body_bytes=1000, body_timeout_s=0.2
    )

    # Which error reaches the edge is tested here; its status is the business of app/api/errors.py.
    @app.exception_handler(IngestError)
    async def named(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": type(error).__name__, "detail": str(error)}, 418)

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(http.Doors(app, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
