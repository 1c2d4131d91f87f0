from pathlib import Path

import httpx
import pytest
from callers import ADMIN, bearer
from fastapi import FastAPI

from app import api
from app.api.errors import ANSWERS
from app.importing.problems import Findings, Problem
from app.storage.engine import Database
from app.storage.errors import Refused
from ingest import errors as ingest


async def ask(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=bearer(ADMIN))


@pytest.fixture
def app() -> FastAPI:
    """An application with a route that raises what it is told."""
    app = FastAPI()
    api.errors.install(app)
    app.include_router(api.router)
    kinds = {kind.__name__: kind for kind in (*ANSWERS, KeyError)}

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        kind = kinds[name]
        words = {"Invalid": ("field", "wrong"), "PlanError": ("field", "wrong")}
        words |= {"Refused": ("field", "wrong"), "Incomplete": ("in part", 1, [])}
        words |= {"AllRefused": ([(3, Refused("field", "wrong"))],)}
        findings = Findings()
        findings.add(Problem("duty", "f.csv", 2, "A (Start)", "wrong"))
        words |= {"Unsound": (findings,)}
        more = {"retry_after_s": 7} if kind is ingest.TooOften else {}
        raise kind(*words.get(name, ("these words",)), **more)

    return app


@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_error_in_the_table_is_a_problem(app: FastAPI, kind: type[Exception]) -> None:
    answer = await ask(app, f"/raise/{kind.__name__}")
    assert answer.status_code == answer.json()["status"] == ANSWERS[kind].status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == ANSWERS[kind].title
    assert answer.json()["detail"]


def test_every_error_of_the_ways_in_has_an_answer() -> None:
    def leaves(kind: type[Exception]) -> set[type[Exception]]:
        below = kind.__subclasses__()
        return {kind} if not below else set().union(*(leaves(one) for one in below))

    found = leaves(ingest.IngestError)
    assert ingest.LockedOut in found
    assert [kind for kind in found if ANSWERS.keys().isdisjoint(kind.__mro__)] == []


@pytest.mark.parametrize("name", ["DatabaseUnavailable", "StorageUnavailable"])
async def test_a_database_that_is_away_asks_for_patience_and_tells_nothing(
    app: FastAPI, name: str
) -> None:
    answer = await ask(app, f"/raise/{name}")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "these words" not in answer.text


async def test_a_full_spool_is_said_and_patience_asked_for_as_long_as_that_takes(
    app: FastAPI,
) -> None:
    @app.get("/full")
    async def full() -> None:
        text = "storage is away, and the spool is full"
        raise ingest.SpoolUnavailable(text, retry_after_s=30)

    answer = await ask(app, "/full")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json()["detail"] == "storage is away, and the spool is full"


async def test_who_posts_too_often_is_told_when_the_same_is_welcome(app: FastAPI) -> None:
    assert (await ask(app, "/raise/TooOften")).headers["retry-after"] == "7"


async def test_what_nobody_thought_of_is_500_without_our_insides(app: FastAPI) -> None:
    answer = await ask(app, "/raise/KeyError")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "these words" not in answer.text


async def test_without_a_database_every_route_says_so(app: FastAPI, tmp_path: Path) -> None:
    app.state.database = Database(str(tmp_path / "none" / "beatkeeper.db"))
    app.state.now_us = lambda: 0
    answer = await ask(app, "/api/v1/hotspots")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    await app.state.database.close()
