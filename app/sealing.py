"""Seals the audit log each minute, off the way of those who write it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from app.access.sealing import Seal, Sealed, seal_hash
from app.storage import audit_seals, rights
from app.storage.audit_seals import Kept
from app.storage.engine import Database
from app.storage.errors import Conflict
from app.turn import Turn

_LOG: Final = logging.getLogger(__name__)
EVERY_S: Final = 60.0
MOST_ENTRIES: Final = 2_000
"""Under one seal: they are hashed in a few ms, and checked as quickly."""
_TOLD_EVERY_US: Final = 3_600_000_000


class Sealer:
    """Seals what the log has got since the last seal; one process at a time does."""

    def __init__(self, database: Database, now_us: Callable[[], int]) -> None:
        self._database = database
        self._now_us = now_us
        self._told_us: int | None = None

    async def run(self, holder: str) -> None:
        """Seals while it is this holder's turn, until it is cancelled."""
        await Turn(self._database, "sealing", holder).run(self.seal, EVERY_S)

    async def seal(self) -> None:
        """Seals all there is, and tells the newest seal, once an hour, for those who keep it.

        Raises DatabaseUnavailable.
        """
        # Another process may have sealed the same: then its seal stands.
        with suppress(Conflict):
            while await self._step():
                pass
        await self._tell()

    async def _step(self) -> bool:
        async with self._database.read() as reader:
            before = await audit_seals.head(reader)
            entries = await audit_seals.entries(reader, before.seal.last, None, MOST_ENTRIES)
        if not entries:
            return False
        kept = await asyncio.to_thread(_sealed, before, entries, self._now_us())
        async with self._database.write() as writer:
            await audit_seals.add(writer, kept)
        return len(entries) == MOST_ENTRIES

    async def _tell(self) -> None:
        now_us = self._now_us()
        if self._told_us is not None and now_us - self._told_us < _TOLD_EVERY_US:
            return
        async with self._database.read() as reader:
            head = await audit_seals.head(reader)
            unbound = await rights.unbound(reader)
        if unbound:
            _LOG.warning("audit log: the service's role could alter it: see `beatkeeper grant`")
        if head.seal.id:
            _LOG.info("audit log: seal %d is %s", head.seal.id, head.hash.hex())
            self._told_us = now_us


def _sealed(before: Kept, entries: Sequence[Sealed], now_us: int) -> Kept:
    seal = Seal(before.seal.id + 1, entries[0].id, entries[-1].id, len(entries), now_us)
    return Kept(seal, seal_hash(before.hash, seal, entries))
