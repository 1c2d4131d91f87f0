"""How long a request waits for the database: for as long as that answers anybody."""

import asyncio
import datetime as dt
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.api.state import database_of, now_of
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable

# What the database answered once is good for so long: strangers must not keep it busy.
GOOD_FOR = dt.timedelta(seconds=1)
# A database that has not answered by then hangs, or the network has fallen silent.
ANSWERS_IN_S = 3.0
# After so long a request asks whether it waits for a database that hangs, and again.
LOOK_EVERY_S = 2.0

Answer = TypeVar("Answer")


class Probe:
    """Whether the database answers: one question at a time, and one a second, however many ask."""

    def __init__(self) -> None:
        self._question: asyncio.Task[bool] | None = None
        self._asked: dt.datetime | None = None

    async def reachable(self, database: Database, now: dt.datetime) -> bool:
        """What the database answered within the last second, or does now within ANSWERS_IN_S."""
        question = self._question
        old = self._asked is None or abs(now - self._asked) >= GOOD_FOR
        if question is None or (question.done() and old):
            question = self._question = asyncio.create_task(database.reachable(), name="probe")
            self._asked = now
        await asyncio.wait([question], timeout=ANSWERS_IN_S)
        return question.done() and question.result()


def probe_of(request: Request) -> Probe:
    """The application's probe."""
    state = request.app.state
    if not hasattr(state, "probe"):
        state.probe = Probe()
    probe: Probe = state.probe
    return probe


async def patiently(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Does a request's work, however long it takes, unless the database answers nobody meanwhile.

    Raises DatabaseUnavailable then, and whatever the work does.
    """
    task = asyncio.create_task(work, name="request")
    task.add_done_callback(_forget)
    probe, database = probe_of(request), database_of(request)
    try:
        while not (await asyncio.wait([task], timeout=LOOK_EVERY_S))[0]:
            if not await probe.reachable(database, now_of(request)) and not task.done():
                msg = "the database has stopped answering"
                raise DatabaseUnavailable(msg)
        return task.result()
    finally:
        # Nobody waits for that: while the database hangs it could take as long again.
        task.cancel()


def _forget(task: asyncio.Task[Answer]) -> None:
    if not task.cancelled():
        task.exception()  # perhaps nobody waits for it any more
