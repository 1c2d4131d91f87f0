"""Messages on disk for as long as the database is away, in order, within a bound.

The spool is a folder that any number of processes share. Each writes files of its own, which it
locks; whoever finds a run of the service whose lock nobody holds any more takes over its files.
"""

import asyncio
import errno
import logging
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Final

from ingest import spoolfile, spoolrecord
from ingest.errors import StorageUnavailable
from ingest.message import Message
from ingest.spoolfile import Lock, Segment

SEGMENT_BYTES: Final = 8 << 20
"""Of a file, about: it is read as a whole, and deleted as a whole once its messages are stored."""

MOST_UNWRITTEN_BYTES: Final = 64 << 20
"""In memory, while a disk takes its time."""

RETRY_AFTER_S: Final = 30
"""For senders that find the spool full: it takes the database to make room."""

_LOG: Final = logging.getLogger(__name__)
_Unwritten = tuple[bytes, asyncio.Future[None]]


class Spool:
    """Keeps messages in the order in which they came, each on the disk before `append` returns.

    What is written while the disk is busy is written together, and waited for once.
    """

    def __init__(self, folder: Path, *, run: str, mark: bytes, limit_bytes: int = 1 << 30) -> None:
        """`run` is this process' name, later than those of earlier ones; `mark` is random.

        Nothing is made in `folder`, nor the folder itself, before there is something to keep.
        """
        if len(mark) != spoolrecord.MARK_BYTES:
            message = f"a mark has {spoolrecord.MARK_BYTES} bytes"
            raise ValueError(message)
        self.folder = folder
        self._run = f"{run}-{mark.hex()}"
        self._mark = mark
        self._limit_bytes = limit_bytes
        self._locks: dict[str, Lock] = {}
        self._segments: list[Segment] = []
        self._numbered = 0
        self._unwritten: list[_Unwritten] = []
        self._unwritten_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """Give how many messages wait here for the database, of this process and those it took."""
        return sum(segment.count for segment in self._segments)

    def usable(self) -> bool:
        """Tell whether the folder can be written, or made; it is better known before it counts."""
        there = self.folder if self.folder.exists() else self.folder.parent
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)

    async def append(self, message: Message) -> None:
        """Keep a message. Raises StorageUnavailable where the disk or the spool is full."""
        record = spoolrecord.pack(message, self._mark)
        if self._unwritten_bytes + len(record) > MOST_UNWRITTEN_BYTES:
            text = "storage is away, and the disk of the spool is too slow"
            raise StorageUnavailable(text, retry_after_s=RETRY_AFTER_S)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unwritten.append((record, written))
        self._unwritten_bytes += len(record)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="ingest.spool")
        await written

    async def _write(self) -> None:
        """Write what waits, all of it at once, until nothing does."""
        while self._unwritten:
            group, self._unwritten = self._unwritten, []
            reason = "the spool is full"
            records = [record for record, _ in group]
            try:
                async with self._turn:
                    written = await asyncio.to_thread(self._commit, records)
            except OSError as error:
                _LOG.error("cannot write to the spool: %s", error)
                written, reason = 0, f"the spool cannot be written: {error.strerror}"
            self._unwritten_bytes -= sum(map(len, records))
            for _, waits in group[:written]:
                if not waits.done():  # its sender may have gone away meanwhile
                    waits.set_result(None)
            for _, waits in group[written:]:
                if not waits.done():
                    text = f"storage is away, and {reason}"
                    waits.set_exception(StorageUnavailable(text, retry_after_s=RETRY_AFTER_S))

    def _commit(self, records: Sequence[bytes]) -> int:
        """Write as many records as there is room for, and wait for the disk; give how many."""
        spoolfile.make_folder(self.folder)
        room = self._limit_bytes - spoolfile.used(self.folder)
        fits = sum(size <= room for size in accumulate(map(len, records)))
        if fits:
            segment = self._current() or self._begin()
            try:
                segment.append(b"".join(records[:fits]))
            except OSError:
                self._seal(segment)
                raise
            segment.count += fits
            if segment.size >= SEGMENT_BYTES:
                segment.seal()
        return fits

    def _current(self) -> Segment | None:
        """Give the file that is being written."""
        last = self._segments[-1] if self._segments else None
        return last if last is not None and last.descriptor is not None else None

    def _begin(self) -> Segment:
        # Another process may look at the lock just when it is made, and do away with it.
        while self._run not in self._locks:
            if lock := Lock.take(self.folder, self._run):
                self._locks[self._run] = lock
        self._numbered += 1
        name = f"{self._run}.{self._numbered:06}{spoolfile.ENDING}"
        segment = Segment(self.folder / name)
        segment.create()
        self._segments.append(segment)
        return segment

    def _seal(self, segment: Segment) -> None:
        segment.seal()
        if not segment.size:
            self._segments.remove(segment)
            segment.remove()

    async def oldest(self) -> Segment | None:
        """Give the file whose messages are to be stored next, written no more; None: there is none.

        Raises OSError.
        """
        async with self._turn:
            if not self._segments:
                return None
            self._segments[0].seal()
            return self._segments[0]

    async def read(self, segment: Segment) -> list[Message]:
        """Give a file's messages in order; what is damaged is told in the log. Raises OSError."""
        contents = await asyncio.to_thread(_contents, segment)
        segment.count = len(contents.messages)
        segment.damaged = contents.damaged
        if contents.damaged:
            kept = segment.path.with_suffix(spoolfile.DAMAGED)
            _LOG.error("a part of the spool cannot be read any more; the file is kept as %s", kept)
        return contents.messages

    async def drop(self, segment: Segment) -> None:
        """Forget a file whose messages are stored. Raises OSError."""
        async with self._turn:
            await asyncio.to_thread(segment.remove)
            self._segments.remove(segment)
            if segment.run != self._run and not self._has(segment.run):
                self._locks.pop(segment.run).release(done=True)

    def _has(self, run: str) -> bool:
        return any(segment.run == run for segment in self._segments)

    async def adopt(self) -> None:
        """Take over the files of processes that are no more. Raises OSError."""
        async with self._turn:
            found = await asyncio.to_thread(self._abandoned)
            # By their names, and so from the earliest on; what is being written stays the last.
            self._segments = sorted([*self._segments, *found], key=lambda one: one.path.name)

    def _abandoned(self) -> list[Segment]:
        if not self.folder.is_dir():
            return []
        # A file that somebody has put back comes without its lock, and a lock may be left alone.
        runs = {spoolfile.run_of(file) for file in self.folder.iterdir() if _is_ours(file)}
        found = []
        for run in sorted(runs - self._locks.keys() - {self._run}):
            if lock := Lock.take(self.folder, run):
                found += self._take_over(run, lock)
        return found

    def _take_over(self, run: str, lock: Lock) -> list[Segment]:
        # Only now that it is locked: another process may have been at it.
        paths = sorted(self.folder.glob(f"{run}.*{spoolfile.ENDING}"))
        if not paths:
            lock.release(done=True)
            return []
        self._locks[run] = lock
        segments = [Segment(path, size=path.stat().st_size) for path in paths]
        for segment in segments:
            segment.count = len(_contents(segment).messages)
        _LOG.info("took over %d files of the spool from an earlier process", len(segments))
        return segments

    async def close(self) -> None:
        """Write what waits, and let others have the files that are left."""
        if self._writer is not None:
            await self._writer
        for segment in self._segments:
            segment.seal()
        for run, lock in self._locks.items():
            lock.release(done=not self._has(run))
        self._locks.clear()
        with suppress(OSError):  # there is something in it, or it was never made
            self.folder.rmdir()


_OURS: Final = re.compile(rf"\d+-[0-9a-f]{{{2 * spoolrecord.MARK_BYTES}}}\..*(?:spool|lock)")


def _is_ours(file: Path) -> bool:
    return _OURS.fullmatch(file.name) is not None


def _contents(segment: Segment) -> spoolrecord.Contents:
    """Read a file; each run has its mark at the end of its name. Raises OSError."""
    mark = bytes.fromhex(segment.run.rpartition("-")[2])
    try:
        return spoolrecord.unpack(segment.path.read_bytes(), mark)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The disk has lost it. What is behind it is not to wait for that to change.
        return spoolrecord.Contents(damaged=True)
