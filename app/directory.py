"""Recognises senders, and remembers whom it recognised until something changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from itertools import islice
from typing import TypeVar

from app.access.secrets import digest
from app.storage import directory
from app.storage.directory import KEY, Shown
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import storable
from ingest.errors import StorageUnavailable
from ingest.sender import Credential, Key, Sender

# How long a revoked key may still be let in, and a new one refused.
LOOK_EVERY_S = 2.0
# How long a sender may wait for the database, before what is remembered has to do.
ANSWERS_IN_S = 2.0
# More senders than a large force has.
MOST_REMEMBERED = 50_000
# Strangers' guesses push out each other, and nobody who is known.
MOST_REFUSED = 1_000
# Far longer than any key or address that we give out: what is longer is not worth a look.
LONGEST = 200
# Looked up in one go: after a change everybody is a stranger at first.
MOST_AT_ONCE = 500
# That wait for it: a whole large force, and no more of those who guess.
MOST_WANTED = 20_000

Answer = TypeVar("Answer")


class Directory:
    """Answers `identify` from the database, and from memory while nothing has changed there."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only go forward, such as time.monotonic."""
        self._database = database
        self._clock = clock
        self._known: OrderedDict[Shown, Sender] = OrderedDict()
        self._refused: OrderedDict[Shown, None] = OrderedDict()
        self._stamp: directory.Stamp = ()
        self._looked_s = -LOOK_EVERY_S
        self._looking: asyncio.Task[None] | None = None
        self._away = False
        self._wanted: dict[Shown, asyncio.Future[Sender | None]] = {}
        self._learning: asyncio.Task[None] | None = None

    def recognise(self, credential: Credential) -> Sender | None:
        """Who shows this credential, where that is remembered and still true; else None."""
        if self._current_look() is not None and not self._away:
            return None  # `identify` waits for what has changed
        return self._known.get(_shown(credential))

    async def identify(self, credential: Credential) -> Sender | None:
        """Who shows this credential; None for a stranger.

        While the database is away those who were recognised before still are; of the others
        nothing can be said: StorageUnavailable.
        """
        words = credential.secret if isinstance(credential, Key) else credential.value
        if len(words) > LONGEST or words != storable(words):
            return None
        shown = _shown(credential)
        try:
            look = self._current_look()
            if look is not None and not (self._away and shown in self._known):
                await self._answered(look)
            if shown in self._known or shown in self._refused:
                return self._known.get(shown)
            return await self._answered(self._learnt(shown))
        except DatabaseUnavailable as exc:
            if shown not in self._known:
                raise StorageUnavailable(str(exc)) from exc
            return self._known[shown]

    def _current_look(self) -> asyncio.Task[None] | None:
        """Whether anything has changed is asked every LOOK_EVERY_S; None once that is known."""
        looking = self._looking is not None and not self._looking.done()
        if not looking and self._clock() >= self._looked_s + LOOK_EVERY_S:
            self._looked_s = self._clock()
            self._looking = _asked(self._look())
        return self._looking

    async def _answered(self, question: asyncio.Future[Answer]) -> Answer:
        """Waits for the database as long as a sender may be kept waiting, and no longer.

        The question goes on: to break it off could take as long again. Raises DatabaseUnavailable.
        """
        await asyncio.wait([question], timeout=ANSWERS_IN_S)
        if question.done():
            return question.result()
        self._away = self._away or question is self._looking
        msg = f"the database has not answered for {ANSWERS_IN_S:g} s"
        raise DatabaseUnavailable(msg)

    async def _look(self) -> None:
        """Forgets everything if something has changed."""
        try:
            async with self._database.read() as reader:
                stamp = await directory.stamp(reader)
        except DatabaseUnavailable:
            self._away = True
            raise
        self._away = False
        self._looking = None
        if stamp != self._stamp:
            self._known.clear()
            self._refused.clear()
            self._stamp = stamp

    def _learnt(self, shown: Shown) -> asyncio.Future[Sender | None]:
        """Who that is, once it has been looked up together with all others that are wanted."""
        wanted = self._wanted.get(shown)
        if wanted is None:
            if len(self._wanted) >= MOST_WANTED:
                msg = "too many are waiting to be recognised"
                raise DatabaseUnavailable(msg)
            wanted = self._wanted[shown] = asyncio.get_running_loop().create_future()
            wanted.add_done_callback(_forget)
        if self._learning is None or self._learning.done():
            self._learning = _asked(self._learn())
        return wanted

    async def _learn(self) -> None:
        """Looks up who is wanted, and remembers it if nothing has changed meanwhile."""
        while self._wanted:
            wanted = dict(islice(self._wanted.items(), MOST_AT_ONCE))
            for shown in wanted:
                del self._wanted[shown]
            try:
                # One view of the data: the answers are as old as the stamp that is read with them.
                async with self._database.read() as reader:
                    stamp = await directory.stamp(reader)
                    found = await directory.senders(reader, wanted)
            except Exception as exc:  # noqa: BLE001 -- each who waits is told
                for answer in wanted.values():
                    answer.set_exception(exc)
                continue
            for shown, answer in wanted.items():
                if stamp == self._stamp:
                    self._remember(shown, found.get(shown))
                answer.set_result(found.get(shown))

    def _remember(self, shown: Shown, sender: Sender | None) -> None:
        if sender is None:
            self._refused[shown] = None
            if len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)
        else:
            self._known[shown] = sender
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


def _shown(credential: Credential) -> Shown:
    # No secret lies in memory, only its digest.
    if isinstance(credential, Key):
        return KEY, digest(credential.secret)
    return credential.kind, credential.value


def _asked(question: Coroutine[object, object, Answer]) -> asyncio.Task[Answer]:
    task = asyncio.create_task(question, name="directory")
    task.add_done_callback(_forget)
    return task


def _forget(question: asyncio.Future[Answer]) -> None:
    if not question.cancelled():
        question.exception()  # perhaps nobody waits for it any more
