"""Recognises senders, and remembers whom it recognised until something changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from app.access.secrets import digest
from app.storage import directory
from app.storage.engine import Database, Reader
from app.storage.errors import DatabaseUnavailable
from ingest.errors import StorageUnavailable
from ingest.sender import Credential, Key, Sender

# How long a revoked key may still be let in, and a new one refused.
LOOK_EVERY_S = 2.0
# More senders than a large force has.
MOST_REMEMBERED = 50_000
# Strangers' guesses push out each other, and nobody who is known.
MOST_REFUSED = 1_000
# Far longer than any key we give out: what is longer is not worth a look.
LONGEST_KEY = 200

# What a credential is and the digest of its words: no secret lies in memory, nor anything long.
_Shown = tuple[str, bytes]


class Directory:
    """Answers `identify` from the database, and from memory while nothing has changed there."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only go forward, such as time.monotonic."""
        self._database = database
        self._clock = clock
        self._known: OrderedDict[_Shown, Sender] = OrderedDict()
        self._refused: OrderedDict[_Shown, None] = OrderedDict()
        self._stamp: directory.Stamp = ()
        self._looked_s = -LOOK_EVERY_S
        self._looking = asyncio.Lock()

    async def identify(self, credential: Credential) -> Sender | None:
        """Who shows this credential; None for a stranger.

        While the database is away those who were recognised before still are; of the others
        nothing can be said: StorageUnavailable.
        """
        if isinstance(credential, Key) and len(credential.secret) > LONGEST_KEY:
            return None
        shown = _shown(credential)
        try:
            await self._look()
            if shown in self._known or shown in self._refused:
                return self._known.get(shown)
            return await self._learn(credential, shown)
        except DatabaseUnavailable as exc:
            if shown not in self._known:
                raise StorageUnavailable(str(exc)) from exc
            return self._known[shown]

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
                self._refused.clear()
                self._stamp = stamp

    async def _learn(self, credential: Credential, shown: _Shown) -> Sender | None:
        """Looks a credential up, and remembers the answer if nothing has changed meanwhile."""
        # One view of the data: the answer is as old as the stamp that is read with it.
        async with self._database.read() as reader:
            stamp = await directory.stamp(reader)
            sender = await _look_up(reader, credential)
        if stamp == self._stamp:
            self._remember(shown, sender)
        return sender

    def _remember(self, shown: _Shown, sender: Sender | None) -> None:
        if sender is None:
            self._refused[shown] = None
            if len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)
        else:
            self._known[shown] = sender
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


def _shown(credential: Credential) -> _Shown:
    if isinstance(credential, Key):
        return "key", digest(credential.secret)
    return f"address {credential.kind}", digest(credential.value)


async def _look_up(reader: Reader, credential: Credential) -> Sender | None:
    if isinstance(credential, Key):
        return await directory.by_key(reader, digest(credential.secret))
    return await directory.by_address(reader, credential.kind, credential.value)
