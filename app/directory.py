"""Recognises senders, and remembers whom it recognised until something changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from itertools import islice
from typing import TypeVar

from app.access.secrets import digest
from app.storage import directory
from app.storage.directory import KEY, Barred, Shown, Why
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import storable
from ingest.errors import LockedOut, StorageUnavailable
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
Found = Sender | Barred | None
"""Who that is: None, a stranger."""

Refused = Callable[[str, int, str], None]
"""Hears of each that is turned away: at which door ("http", "mqtt"), of which device, and why.

A stranger's device is 0.
"""


def _untold(_door: str, _device: int, _why: str) -> None:
    """Count nobody."""


class Directory:
    """Answers `identify` from the database, and from memory while nothing has changed there."""

    def __init__(
        self, database: Database, clock: Callable[[], float], turned_away: Refused = _untold
    ) -> None:
        """`clock` gives seconds that only go forward, such as time.monotonic."""
        self._database = database
        self._clock = clock
        self._turned_away = turned_away
        self._known: OrderedDict[Shown, Sender] = OrderedDict()
        self._refused: OrderedDict[Shown, Barred | None] = OrderedDict()
        self._stamp: directory.Stamp = ()
        self._looked_s = -LOOK_EVERY_S
        self._looking: asyncio.Task[None] | None = None
        self._away = False
        self._wanted: dict[Shown, asyncio.Future[Found]] = {}
        self._learning: asyncio.Task[None] | None = None

    def recognise(self, credential: Credential) -> Sender | None:
        """Who shows this credential, where that is remembered and still true; else None."""
        if self._current_look() is not None and not self._away:
            return None  # `identify` waits for what has changed
        return self._known.get(_shown(credential))

    def look_again(self) -> None:
        """Believes nothing that was known until now: something has changed, and is committed."""
        self._looked_s = -LOOK_EVERY_S

    async def identify(self, credential: Credential) -> Sender | None:
        """Who shows this credential; None for a stranger, and for the holder of a revoked key.

        Raises LockedOut. While the database is away those who were recognised before still are; of
        the others nothing can be said: StorageUnavailable.
        """
        words = credential.secret if isinstance(credential, Key) else credential.value
        sensible = len(words) <= LONGEST and words == storable(words)
        found = await self._found(_shown(credential)) if sensible else None
        if isinstance(found, Sender):
            return found
        device, why = found or (0, Why.STRANGER)
        self._turned_away("http" if isinstance(credential, Key) else "mqtt", device, why)
        if why is Why.LOCKED:
            raise LockedOut
        return None

    async def _found(self, shown: Shown) -> Found:
        try:
            # Told to look again in the middle of a look, it looks once more.
            while (look := self._current_look()) is not None:
                if self._away and shown in self._known:
                    break
                await self._answered(look)
            if shown in self._known or shown in self._refused:
                return self._known.get(shown) or self._refused.get(shown)
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

    def _learnt(self, shown: Shown) -> asyncio.Future[Found]:
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

    def _remember(self, shown: Shown, found: Found) -> None:
        if isinstance(found, Sender):
            self._known[shown] = found
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._refused[shown] = found
            if len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)


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
