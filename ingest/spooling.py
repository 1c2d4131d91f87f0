"""An intake that gives receipts while the database is away, out of a spool on disk."""

import asyncio
import logging
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Final, Self, TypeVar

from ingest.errors import DecodeError, StorageUnavailable, Unstorable
from ingest.intake import Begun, Counts, Intake, read
from ingest.message import Broken, Decoded, Message, Receipt
from ingest.spool import Spool
from ingest.spoolfile import Segment
from ingest.watch import Watch

Answer = TypeVar("Answer")

_LOG: Final = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.25
"""Between looks at whether storage hangs."""

RETRY_S: Final = 1.0
"""Between attempts at the first message of the spool while the database is away."""

TELL_EVERY_S: Final = 60.0
"""Between words in the log on how much waits: while the database is away nobody can ask for it."""

ADOPT_EVERY_S: Final = 5.0
"""Between looks for what other processes have left behind."""

# Stored at once: enough for full batches, and no more than a moment's worth in memory.
_MOST_AT_ONCE: Final = 500
_MOST_BYTES_AT_ONCE: Final = 1 << 20


class SpoolingIntake:
    """An Intake for senders that throw a message away when it is refused; use as `async with`.

    Where storage fails, or hangs for `after_s`, messages go to the spool, and the receipt says so.
    From then on all do, until the first one of the spool has been stored; the rest of it follows,
    in its order, beside what comes anew. Storage that is busy is no reason: senders wait for it.
    """

    def __init__(self, intake: Intake, spool: Spool, watch: Watch, *, after_s: float = 5.0) -> None:
        """`watch` looks over whatever `intake` calls to store."""
        self._intake = intake
        self._spool = spool
        self._watch = watch
        self._after_s = after_s
        self._away = False
        self._patient: set[asyncio.Timeout] = set()
        self._begun: set[asyncio.Future[list[int]]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def counts(self) -> Counts:
        """Give what came in since the process started, by whichever way."""
        self._intake.counts.waiting = self._spool.waiting
        return self._intake.counts

    async def accept(self, message: Message) -> Receipt:
        """Take in one message; the receipt comes after the commit, or once it is on the disk.

        Raises DecodeError or Unstorable for a message that has been, or will be, set aside;
        StorageUnavailable for one that was not kept at all.
        """
        if not self._away:
            try:
                return await self._patiently(self._intake.accept(message))
            except StorageUnavailable as error:
                self._turn_away(str(error))
        return await self._keep(message)

    def begin(self, message: Message) -> Begun | None:
        """Begin to take in a message as Intake does; None, too, while storage is away.

        Where storage fails or hangs `verdicts` end in StorageUnavailable: `accept` keeps it then.
        """
        begun = None if self._away else self._intake.begin(message)
        if begun is not None:
            self._begun.add(begun.verdicts)
            begun.verdicts.add_done_callback(self._ended)
        return begun

    def finish(self, begun: Begun) -> Receipt:
        """Give the receipt of a message whose verdicts are there."""
        return self._intake.finish(begun)

    def _ended(self, verdicts: asyncio.Future[list[int]]) -> None:
        self._begun.discard(verdicts)
        error = None if verdicts.cancelled() else verdicts.exception()
        if isinstance(error, StorageUnavailable):
            self._turn_away(str(error))

    async def take(self, message: Message, decoded: Decoded) -> Receipt:
        """Take in as Intake does what its sender still has; it never goes to the spool.

        StorageUnavailable, too, where storage hangs.
        """
        return await self._patiently(self._intake.take(message, decoded))

    async def set_aside(self, broken: Broken) -> None:
        """Keep and count a message that cannot be used. Raises StorageUnavailable."""
        if self._away:
            text = "storage is away"
            raise StorageUnavailable(text)
        await self._patiently(self._intake.set_aside(broken))

    async def _patiently(self, storing: Awaitable[Answer]) -> Answer:
        """Wait for storage; StorageUnavailable once it is found to hang."""
        try:
            async with asyncio.timeout(None) as limit:
                self._patient.add(limit)
                try:
                    return await storing
                finally:
                    self._patient.discard(limit)
        except TimeoutError as error:
            raise StorageUnavailable(self._hangs()) from error

    async def _keep(self, message: Message) -> Receipt:
        """Put a message into the spool; the receipt counts what can be said of it without storage.

        One that cannot be read is kept as well: it is set aside when the database is back.
        """
        try:
            decoded = read(message).decoded
        except DecodeError:
            await self._append(_lean(message, ()))
            raise
        named = {fix.device for fix in decoded.fixes} | {event.device for event in decoded.events}
        await self._append(_lean(message, named))
        return Receipt(len(decoded.fixes), 0, decoded.rejected, spooled=True)

    async def _append(self, message: Message) -> None:
        try:
            await self._spool.append(message)
        except StorageUnavailable:
            if not self._spool.storable:  # nothing that would find storage back: the next one may
                self._away = False
            raise
        self.counts.spooled += 1

    def _turn_away(self, why: str) -> None:
        if not self._away:
            self._away = True
            _LOG.warning("storage is away, HTTP messages go to the spool: %s", why)

    def _turn_back(self) -> None:
        if self._away:
            self._away = False
            _LOG.warning("storage is back; %d messages of the spool follow", self._spool.waiting)

    async def __aenter__(self) -> Self:
        """Begin at once with what an earlier process left."""
        if not self._spool.usable():
            text = "the spool cannot be written: posts are refused while storage is away: %s"
            _LOG.error(text, self._spool.folder)
        for work in (self._look(), self._replay(), self._tell()):
            self._tasks.append(asyncio.create_task(work))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._spool.close()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            if waiting := self._spool.waiting:
                _LOG.warning("%d messages wait in the spool", waiting)

    async def _look(self) -> None:
        """Let nobody wait for storage that hangs."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._watch.longest_s() >= self._after_s:
                self._give_up()

    def _give_up(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for limit in self._patient:
            limit.reschedule(now_s)
        self._patient.clear()
        for verdicts in self._begun:
            if not verdicts.done():
                verdicts.set_exception(StorageUnavailable(self._hangs()))

    def _hangs(self) -> str:
        return f"storage has not answered for {self._after_s:g} s"

    # ---- What the spool holds, on its way to storage ----

    async def _replay(self) -> None:
        while True:
            try:
                await self._spool.adopt()
                unreadable: list[Segment] = []  # what is behind them is not to wait
                while segment := await self._spool.oldest(but=unreadable):
                    if not await self._store(segment):
                        unreadable.append(segment)
            except Exception:  # noqa: BLE001 (what is in the spool is to be tried for ever)
                _LOG.exception("the spool cannot be stored; trying again")
            await self._pause()

    async def _pause(self) -> None:
        """Wait until there is something in the spool, or may be in another process' files."""
        for _ in range(round(ADOPT_EVERY_S / RETRY_S)):
            await asyncio.sleep(RETRY_S)
            if self._spool.waiting:
                return

    async def _store(self, segment: Segment) -> bool:
        """Store a file of the spool, however long it takes, and delete it.

        False: it cannot be read now.
        """
        left = await self._spool.read(segment)
        if left is None:
            return False
        while left:
            # While storage is away one message is enough to find out.
            some = left[:1] if self._away else left[: _at_once(left)]
            refused = await self._stored(some)
            left = refused + left[len(some) :]
            segment.count = len(left)
            if refused:
                await asyncio.sleep(RETRY_S)
        await self._spool.drop(segment)
        return True

    async def _stored(self, messages: Sequence[Message]) -> list[Message]:
        """Store messages that come after one another; give those for which storage was away."""
        outcomes = await asyncio.gather(*map(self._tried, messages))
        refused = [message for message, done in zip(messages, outcomes, strict=True) if not done]
        if not refused:
            self._turn_back()
        return refused

    async def _tried(self, message: Message) -> bool:
        """Tell whether a message has been stored or set aside."""
        try:
            await self._take(message)
        except StorageUnavailable as error:
            self._turn_away(str(error))
            return False
        return True

    async def _take(self, message: Message) -> None:
        """Store a message, or set it aside whatever is wrong with it. Raises StorageUnavailable."""
        try:
            await self._intake.accept(message)
        except StorageUnavailable:
            raise
        except (DecodeError, Unstorable):
            _LOG.info("%s from %s: set aside", message.format, message.sender.name)
        except Exception as error:  # noqa: BLE001 (one message must not hold up all behind it)
            _LOG.exception("a message of the spool failed")
            broken = Broken(
                message.payload,
                message.format,
                message.received_us,
                message.sender.name,
                f"it failed here: {error!r:.200}",
            )
            await self._intake.set_aside(broken)


def _at_once(messages: Sequence[Message]) -> int:
    """Give how many of these messages, at least one, are stored together."""
    return max(1, sum(1 for _ in _within(messages)))


def _within(messages: Sequence[Message]) -> Iterator[int]:
    size = 0
    for message in messages[:_MOST_AT_ONCE]:
        size += len(message.payload)
        if size > _MOST_BYTES_AT_ONCE:
            return
        yield size


def _lean(message: Message, named: set[str | None] | tuple[()]) -> Message:
    """Give the message with no more of its sender than it takes to read it again.

    A gateway may speak for thousands, and a phone's passphrase opens its own messages only.
    """
    sender = message.sender
    speaks_for = {
        name: device
        for name in {*named, sender.unnamed}
        if name is not None and (device := sender.speaks_for.get(name)) is not None
    }
    secret = sender.owntracks_secret if message.format == "owntracks" else None
    lean = replace(sender, speaks_for=speaks_for, owntracks_secret=secret)
    return Message(message.payload, message.format, message.received_us, lean, message.told)
