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
from ingest.errors import SpoolUnavailable
from ingest.message import Message
from ingest.spoolfile import Lock, Segment

SEGMENT_BYTES: Final = 8 << 20
"""Of a file, about: it is read as a whole, and deleted as a whole once its messages are stored."""

MOST_UNWRITTEN_BYTES: Final = 64 << 20
"""In memory, while a disk takes its time."""

RETRY_AFTER_S: Final = 30
"""For senders that find the spool full: it takes the database to make room."""

TELL_EVERY_S: Final = 60.0
"""Between words in the log on what is refused."""

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
        self._barred: set[str] = set()
        self._segments: list[Segment] = []
        self._numbered = 0
        self._unwritten: list[_Unwritten] = []
        self._unwritten_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._refused = 0
        self._told_s = -TELL_EVERY_S

    @property
    def waiting(self) -> int:
        """Give how many messages wait here for the database, of this process and those it took."""
        return sum(segment.count for segment in self._segments)

    @property
    def storable(self) -> bool:
        """Tell whether any of them can be read, as far as is known."""
        return any(segment.count and not segment.unreadable for segment in self._segments)

    def usable(self) -> bool:
        """Tell whether the folder can be written, or made; it is better known before it counts."""
        there = self.folder if self.folder.exists() else self.folder.parent
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)

    async def append(self, message: Message) -> None:
        """Keep a message. Raises SpoolUnavailable where the disk or the spool is full."""
        record = spoolrecord.pack(message, self._mark)
        if self._unwritten_bytes + len(record) > MOST_UNWRITTEN_BYTES:
            reason = "the disk of the spool is too slow"
            raise self._refusal(reason)
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
            written, reason = 0, "the spool is full"
            try:
                async with self._turn:
                    written = await asyncio.to_thread(self._commit, [record for record, _ in group])
            except OSError as error:
                reason = f"the spool cannot be written: {error.strerror}"
            except Exception:  # noqa: BLE001 (no memory, for one; the next ones may fare better)
                _LOG.exception("cannot write to the spool")
                reason = "the spool cannot be written"
            finally:
                self._settle(group, written, reason)

    def _settle(self, group: Sequence[_Unwritten], written: int, reason: str) -> None:
        """Tell who waits for these records that the first `written` are kept; of the others why."""
        self._unwritten_bytes -= sum(len(record) for record, _ in group)
        for number, (_, waits) in enumerate(group):
            if waits.done():  # its sender has gone away meanwhile
                continue
            if number < written:
                waits.set_result(None)
            else:
                waits.set_exception(self._refusal(reason))

    def _refusal(self, reason: str) -> SpoolUnavailable:
        """Make the error of a message that is not kept; told in the log, too, but not each time."""
        self._refused += 1
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._told_s + TELL_EVERY_S:
            text = "messages are refused, as storage is away, and %s (%d since this was last said)"
            _LOG.error(text, reason, self._refused)
            self._refused, self._told_s = 0, now_s
        text = f"storage is away, and {reason}; the same message is welcome again"
        return SpoolUnavailable(text, retry_after_s=RETRY_AFTER_S)

    def _commit(self, records: Sequence[bytes]) -> int:
        """Write as many records as there is room for, and wait for the disk; give how many."""
        spoolfile.make_folder(self.folder)
        room = self._limit_bytes - spoolfile.used(self.folder)
        fits = sum(size <= room for size in accumulate(map(len, records)))
        if fits:
            segment = self._current() or self._begin()
            try:
                segment.append(b"".join(records[:fits]))
            except Exception:
                self._seal(segment)
                raise
            segment.count += fits
            if segment.size >= SEGMENT_BYTES:
                segment.seal()
        return fits

    def _current(self) -> Segment | None:
        """Give the file that is being written; what is in one that was deleted would be lost."""
        last = self._segments[-1] if self._segments else None
        if last is None or last.descriptor is None:
            return None
        if last.deleted():
            last.seal()
            return None
        return last

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

    async def oldest(self, but: Sequence[Segment] = ()) -> Segment | None:
        """Give the file whose messages are to be stored next, written no more; None: there is none.

        `but` are files that are to wait.
        """
        async with self._turn:
            for segment in self._segments:
                if segment not in but:
                    segment.seal()
                    return segment
            return None

    async def read(self, segment: Segment) -> list[Message] | None:
        """Give a file's messages in order; None where it cannot be read now, and may be later.

        What is damaged, or gone, is told in the log.
        """
        try:
            contents = await asyncio.to_thread(_contents, segment)
        except OSError as error:
            if not segment.unreadable:
                _LOG.error("a file of the spool cannot be read; it is tried again: %s", error)
            segment.unreadable = True
            return None
        segment.unreadable = False
        segment.count = len(contents.messages)
        segment.damaged = contents.damaged
        if contents.damaged:
            kept = segment.path.with_suffix(spoolfile.DAMAGED)
            _LOG.error("a part of the spool cannot be read any more; the file is kept as %s", kept)
        return contents.messages

    async def drop(self, segment: Segment) -> None:
        """Forget a file whose messages are stored."""
        async with self._turn:
            self._segments.remove(segment)
            try:
                await asyncio.to_thread(segment.remove)
            except OSError as error:
                # Its run stays ours, so that nobody stores it again while we are there.
                _LOG.error("a file of the spool is stored and cannot be deleted: %s", error)
            self._let_go(segment.run)

    def _files(self, run: str) -> list[Path]:
        return sorted(self.folder.glob(f"{run}.*{spoolfile.ENDING}"))

    async def adopt(self) -> None:
        """Take over the files of processes that are no more. Raises OSError.

        They are looked through meanwhile, which takes its time, and nobody waits for that.
        """
        others = await asyncio.to_thread(self._others)
        for run in sorted(others - self._locks.keys() - {self._run}):
            if lock := self._lock(run):
                self._locks[run] = lock
                found = await asyncio.to_thread(self._found, run)
                async with self._turn:
                    # By their names, and so from the earliest on; what is written stays the last.
                    self._segments = sorted([*self._segments, *found], key=lambda one: one.path)
                    self._let_go(run)

    def _others(self) -> set[str]:
        """Give whose files there are: some that were put back have no lock, some locks no file."""
        if not self.folder.is_dir():
            return set()
        return {spoolfile.run_of(file) for file in self.folder.iterdir() if _is_ours(file)}

    def _lock(self, run: str) -> Lock | None:
        try:
            return Lock.take(self.folder, run)
        except OSError as error:  # another user's, perhaps
            if run not in self._barred:
                _LOG.error("files of the spool cannot be taken over: %s", error)
            self._barred.add(run)
            return None

    def _found(self, run: str) -> list[Segment]:
        # Only now that it is locked: another process may have been at it.
        segments = [Segment(path, _begun(path)) for path in self._files(run)]
        if segments:
            _LOG.info("took over %d files of the spool from an earlier process", len(segments))
        return segments

    def _let_go(self, run: str) -> None:
        """Give up another process' run once it has no files any more."""
        if run != self._run and not self._files(run):
            self._locks.pop(run).release(done=True)

    async def close(self) -> None:
        """Write what waits, and let others have the files that are left."""
        if self._writer is not None:
            await self._writer
        for segment in self._segments:
            segment.seal()
        for run, lock in self._locks.items():
            lock.release(done=not self._files(run))
        self._locks.clear()
        with suppress(OSError):  # there is something in it, or it was never made
            self.folder.rmdir()


_OURS: Final = re.compile(rf"\d+-[0-9a-f]{{{2 * spoolrecord.MARK_BYTES}}}\..*(?:spool|lock)")


def _is_ours(file: Path) -> bool:
    return _OURS.fullmatch(file.name) is not None


def _mark_of(path: Path) -> bytes:
    """Give the mark of a file's records: each run has its own at the end of its name."""
    return bytes.fromhex(spoolfile.run_of(path).rpartition("-")[2])


def _begun(path: Path) -> int:
    """Give how many records a file has, by their marks; 0 where it cannot be read, as may pass."""
    try:
        with path.open("rb") as file:
            return spoolrecord.begun(file, _mark_of(path))
    except OSError:
        return 0


def _contents(segment: Segment) -> spoolrecord.Contents:
    """Read a file. Raises OSError where that may pass."""
    try:
        return spoolrecord.unpack(segment.path.read_bytes(), _mark_of(segment.path))
    except FileNotFoundError:
        _LOG.error("%s is gone, a file of the spool: what it held is not stored", segment.path)
        return spoolrecord.Contents()
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The disk has lost it. What is behind it is not to wait for that to change.
        return spoolrecord.Contents(damaged=True)
