"""Writes the audit log beside what requests do: entries of many of them share one transaction."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from app.access.audit import Entry
from app.storage import audit
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import from_us
from ingest.rates import Rate, Rates

# Of one transaction, and those that may wait for theirs: what requests have to say.
MOST_AT_ONCE: Final = 500
MOST_WAITING: Final = 5_000
# Entries of one household's refusals: who guesses is not to fill the log.
REFUSALS: Final = Rate(per_s=10 / 60, at_once=10)


class Auditor:
    """Commits entries; who notes one goes on when it is safe.

    Whatever comes while a transaction is under way shares the next one, so that many requests wait
    hardly longer than one does, and one alone waits for nobody.
    """

    def __init__(
        self, database: Database, now_us: Callable[[], int], *, reason_required: bool = False
    ) -> None:
        """`reason_required`: whoever looks has to say why."""
        self.reason_required = reason_required
        self._database = database
        self._now_us = now_us
        self._refusals = Rates(REFUSALS, lambda: now_us() / 1e6)
        self._unlogged: Counter[str] = Counter()
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Writes what still waits."""
        if self._work is not None:
            await self._work

    async def note(self, *entries: Entry) -> None:
        """Adds entries to the log; they are committed when it returns.

        Raises DatabaseUnavailable where they cannot be, or too many wait already: nobody may look
        at what the log could not say.
        """
        if not entries:
            return
        if len(self._waiting) >= MOST_WAITING:
            msg = "too much waits to be written to the audit log"
            raise DatabaseUnavailable(msg)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, written))
        if self._work is None:
            self._work = asyncio.create_task(self._write_all(), name="audit")
        await written

    async def refuse(self, entry: Entry, household: str) -> None:
        """Notes that somebody was turned away; of many from one household, only how many.

        Raises DatabaseUnavailable.
        """
        if self._refusals.take(household):
            self._unlogged[household] += 1
        else:
            await self.note(entry)

    def unlogged(self) -> Mapping[str, int]:
        """How many were turned away, of each household, of whom there is no entry; then none."""
        told, self._unlogged = self._unlogged, Counter()
        return told

    def remember(self, unlogged: Mapping[str, int]) -> None:
        """Takes back how many, where that could not be written."""
        self._unlogged.update(unlogged)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:MOST_AT_ONCE]
                del self._waiting[:MOST_AT_ONCE]
                noted = [entry for together, _ in batch for entry in together]
                commit = asyncio.create_task(self._commit(noted), name="audit commit")
                await asyncio.wait([commit])
                _tell([written for _, written in batch], commit.exception())
        finally:
            self._work = None

    async def _commit(self, entries: Sequence[Entry]) -> None:
        async with self._database.write() as writer:
            await audit.write(writer, entries, from_us(self._now_us()))


def _tell(waiting: Sequence[asyncio.Future[None]], error: BaseException | None) -> None:
    for written in waiting:
        # Whoever asked may have gone meanwhile.
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
