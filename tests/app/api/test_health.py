import asyncio
import datetime as dt

import httpx
from callers import Clock

from app.api.patience import Probe
from app.main import create_app
from app.settings import Settings
from app.storage.engine import Database


async def test_the_database_is_asked_once_a_second_however_many_ask(
    database: Database, clock: Clock
) -> None:
    probe = Probe()
    answers = await asyncio.gather(*(probe.reachable(database, clock.now) for _ in range(50)))
    assert answers == [True] * 50
    # One connection was enough for all of them, and none of those for everybody else.
    assert database._probe.pool.checkedin() == 1  # type: ignore[attr-defined] # of a queue pool
    assert database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


async def test_an_answer_is_good_for_a_second(clock: Clock, database: Database) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    probe = Probe()
    assert await probe.reachable(database, clock.now)
    assert await probe.reachable(away, clock.now + dt.timedelta(seconds=0.999))
    assert not await probe.reachable(away, clock.now + dt.timedelta(seconds=1))
    await away.close()


async def test_nothing_else_is_open_to_strangers() -> None:
    application = create_app(Settings())
    paths = application.openapi()["paths"]
    guarded = ("/api/v1/", "/ingest/")
    assert {path for path in paths if not path.startswith(guarded)} == {"/healthz", "/readyz"}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
        pages = ("/docs", "/openapi.json", "/redoc", "/docs/oauth2-redirect", "/")
        found = [(await stranger.get(path)).status_code for path in pages]
    assert found == [200, 200, 404, 404, 404]
