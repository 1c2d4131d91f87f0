"""Gathers the fixes of many messages into batches, and tells each message what became of its own.

There is no timer: a batch is whatever came in while the one before was being stored. So a lone
message is stored at once, and under load the batches grow to what storage does best.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.columns import Columns, Delivery
from ingest.errors import IngestError, StorageUnavailable, Unstorable

Sink = Callable[[Columns], Awaitable[npt.NDArray[np.uint8]]]
"""Screens, stores and commits fixes; gives a Verdict per row (uint8[n]).

Raises StorageUnavailable when nothing could be stored and the same may work later.
"""

_LOG: Final = logging.getLogger(__name__)


class _Submission(msgspec.Struct, frozen=True):
    delivery: Delivery
    verdicts: asyncio.Future[list[int]]

    def succeed(self, verdicts: list[int]) -> None:
        if not self.verdicts.done():  # its sender may have gone away meanwhile
            self.verdicts.set_result(verdicts)

    def fail(self, error: IngestError) -> None:
        if not self.verdicts.done():
            self.verdicts.set_exception(error)


class Batcher:
    """One queue and one task in front of a sink; use as `async with`, or start() and stop().

    A batch has at most `max_fixes`, unless one message alone has more. No message is let in
    while `max_waiting` fixes wait: its sender waits, too.
    """

    def __init__(self, sink: Sink, *, max_fixes: int = 5_000, max_waiting: int = 50_000) -> None:
        self._sink = sink
        self._max_fixes = max_fixes
        self._max_waiting = max_waiting
        self._queue: deque[_Submission] = deque()
        self._waiting = 0
        self._stopping = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Give the number of fixes that wait for their batch."""
        return self._waiting

    def start(self) -> None:
        """Begin to store; needs the running event loop."""
        self._task = asyncio.create_task(self._run(), name="ingest.batch")

    async def stop(self) -> None:
        """Store what waits, let nothing new in, and end."""
        self._stopping = True
        self._arrived.set()
        self._room.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def submit(self, delivery: Delivery) -> list[int]:
        """Give a Verdict per fix, once they are committed.

        Raises StorageUnavailable (try again later) or Unstorable (never).
        """
        while (verdicts := self.offer(delivery)) is None:
            if self._stopping:
                message = "the service is shutting down"
                raise StorageUnavailable(message)
            self._room.clear()
            await self._room.wait()
        return await verdicts

    def offer(self, delivery: Delivery) -> asyncio.Future[list[int]] | None:
        """Give what `submit` does as a future; None where there is no room at the moment."""
        if self._stopping or self._waiting >= self._max_waiting:
            return None
        submission = _Submission(delivery, asyncio.get_running_loop().create_future())
        self._queue.append(submission)
        self._waiting += len(delivery.fixes)
        self._arrived.set()
        return submission.verdicts

    async def _run(self) -> None:
        while self._queue or not self._stopping:
            if batch := self._next():
                await self._store(batch)
            elif not self._stopping:
                self._arrived.clear()
                await self._arrived.wait()

    def _next(self) -> list[_Submission]:
        """Take the submissions of the next batch off the queue.

        Those are left out whose senders have given up meanwhile: nobody has a receipt for them.
        """
        batch: list[_Submission] = []
        size = 0
        while self._queue:
            fixes = len(self._queue[0].delivery.fixes)
            if self._queue[0].verdicts.done():
                self._queue.popleft()
            elif not batch or size + fixes <= self._max_fixes:
                batch.append(self._queue.popleft())
                size += fixes
            else:
                break
            self._waiting -= fixes
        self._room.set()
        return batch

    async def _store(self, batch: Sequence[_Submission]) -> None:
        try:
            await self._sink_all(batch)
        except StorageUnavailable as error:
            for submission in batch:
                submission.fail(StorageUnavailable(str(error), retry_after_s=error.retry_after_s))
        except Exception as error:  # noqa: BLE001 (one bad message must not cost its neighbours)
            if len(batch) > 1:
                _LOG.warning("a batch of %d messages failed; trying each alone", len(batch))
                for submission in batch:
                    await self._store([submission])
            else:
                _LOG.exception("a message cannot be stored")
                batch[0].fail(Unstorable(f"the message could not be stored: {error!r:.200}"))
        except asyncio.CancelledError:
            for submission in batch:
                submission.fail(StorageUnavailable("the service is shutting down"))
            raise

    async def _sink_all(self, batch: Sequence[_Submission]) -> None:
        deliveries = [submission.delivery for submission in batch]
        if sum(len(delivery.fixes) for delivery in deliveries) > self._max_fixes:
            # One message of a device's whole shift: longer than others on the loop may wait.
            columns = await asyncio.to_thread(Columns.of, deliveries)
        else:
            columns = Columns.of(deliveries)
        verdicts = (await self._sink(columns)).tolist()
        if len(verdicts) != columns.n:
            message = f"{len(verdicts)} verdicts for {columns.n} fixes"
            raise ValueError(message)
        start = 0
        for submission in batch:
            stop = start + len(submission.delivery.fixes)
            submission.succeed(verdicts[start:stop])
            start = stop
