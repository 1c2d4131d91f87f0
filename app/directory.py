"""Recognises senders, and remembers whom it recognised until something changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from app.access.secrets import digest
from app.storage import directory
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from ingest.errors import StorageUnavailable
from ingest.sender import Credential, Key, Sender

# How long a revoked key may still be let in, and a new one refused.
LOOK_EVERY_S = 2.0
# More senders than a large force has; strangers' guesses push each other out.
MOST_REMEMBERED = 50_000


class Directory:
    """Answers `identify` from the database, and from memory while nothing has changed there."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only go forward, such as time.monotonic."""
        self._database = database
        self._clock = clock
        self._known: OrderedDict[Credential, Sender | None] = OrderedDict()
        self._stamp: tuple[int, ...] = ()
        self._looked_s = -LOOK_EVERY_S
        self._looking = asyncio.Lock()

    async def identify(self, credential: Credential) -> Sender | None:
        """Who shows this credential; None for a stranger.

        While the database is away those who were recognised before still are; of the others
        nothing can be said: StorageUnavailable.
        """
        try:
            await self._look()
            if credential not in self._known:
                self._remember(credential, await self._look_up(credential))
        except DatabaseUnavailable as exc:
            if self._known.get(credential) is None:
                raise StorageUnavailable(str(exc)) from exc
        return self._known[credential]

    async def _look(self) -> None:
        """Forgets everything, at most every LOOK_EVERY_S, if something has changed."""
        async with self._looking:
            if self._clock() < self._looked_s + LOOK_EVERY_S:
                return
            self._looked_s = self._clock()
            async with self._database.read() as reader:
                stamp = await directory.stamp(reader)
            if stamp != self._stamp:
                self._known.clear()
                self._stamp = stamp

    def _remember(self, credential: Credential, sender: Sender | None) -> None:
        self._known[credential] = sender
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    async def _look_up(self, credential: Credential) -> Sender | None:
        async with self._database.read() as reader:
            if isinstance(credential, Key):
                return await directory.by_key(reader, digest(credential.secret))
            return await directory.by_address(reader, credential.kind, credential.value)
