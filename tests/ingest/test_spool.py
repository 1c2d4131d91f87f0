import asyncio
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from ingest import spool as spool_module
from ingest import spoolfile, spoolrecord
from ingest.errors import StorageUnavailable
from ingest.message import Message
from ingest.sender import Sender
from ingest.spool import Spool

RADIO = Sender("radio-7", 7)


def message(number: int, size: int = 0) -> Message:
    return Message(b"%d" % number + bytes(size), "pings", number, RADIO)


@asynccontextmanager
async def opened(folder: Path, *, run: int = 1, limit_bytes: int = 1 << 30) -> AsyncIterator[Spool]:
    mark = bytes([run]) * 8
    spool = Spool(folder, run=f"{run:016}", mark=mark, limit_bytes=limit_bytes)
    await spool.adopt()
    yield spool
    await spool.close()


async def drained(spool: Spool) -> list[int]:
    """The numbers of the messages that it holds, in its order; then it is empty."""
    numbers = []
    while segment := await spool.oldest():
        numbers += [message.received_us for message in await spool.read(segment)]
        await spool.drop(segment)
    assert spool.waiting == 0
    return numbers


def files(folder: Path, ending: str = "") -> list[Path]:
    return sorted(folder.glob(f"*{ending}"))


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


async def test_messages_come_out_in_their_order_and_nothing_is_left(folder: Path) -> None:
    async with opened(folder) as spool:
        assert spool.usable()
        assert files(folder.parent) == []  # nothing is made that is not needed
        await asyncio.gather(*(spool.append(message(number)) for number in range(100)))
        assert spool.waiting == 100
        assert await drained(spool) == list(range(100))
        await spool.append(message(100))
        assert await drained(spool) == [100]
    assert files(folder) == []


async def test_a_file_ends_at_its_size_and_the_next_one_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.spool.SEGMENT_BYTES", 1000)
    async with opened(folder) as spool:
        for number in range(50):
            await spool.append(message(number, 100))
        assert len(files(folder)) > 5
        assert await drained(spool) == list(range(50))


async def test_only_the_service_itself_may_read_it(folder: Path) -> None:
    async with opened(folder) as spool:
        await spool.append(message(1))
        assert {mode(file) for file in files(folder)} == {0o600}
        assert mode(folder) == 0o700


async def test_what_is_full_refuses_and_has_room_again_once_it_is_stored(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(folder, limit_bytes=2000) as spool:
        tries = (spool.append(message(number, 100)) for number in range(50))
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        kept = [number for number, error in enumerate(outcomes) if error is None]
        assert 2 < len(kept) < 20
        for error in outcomes:
            assert error is None or isinstance(error, StorageUnavailable)
        with pytest.raises(StorageUnavailable, match="the spool is full") as refused:
            await spool.append(message(50, 100))
        assert refused.value.retry_after_s > 0
        told = [record for record in caplog.records if record.levelname == "ERROR"]
        assert len(told) == 1  # once a minute
        assert "the spool is full" in told[0].getMessage()
        assert sum(file.stat().st_size for file in files(folder)) <= 2000
        assert await drained(spool) == kept
        await spool.append(message(51, 100))
        assert await drained(spool) == [51]


async def test_the_bound_is_that_of_all_processes_together(folder: Path) -> None:
    async with opened(folder, limit_bytes=2000) as spool:
        async with opened(folder, run=2, limit_bytes=2000) as other:
            await spool.append(message(1, 1500))
            with pytest.raises(StorageUnavailable, match="full"):
                await other.append(message(2, 1500))
            await other.append(message(3))
            assert await drained(other) == [3]
        assert await drained(spool) == [1]


async def test_a_process_takes_over_from_the_dead_and_not_from_the_living(folder: Path) -> None:
    async with opened(folder) as first, opened(folder, run=2) as second:
        await first.append(message(1))
        await second.append(message(3))
        await second.adopt()
        assert second.waiting == 1
        await first.append(message(2))
        await first.close()  # as its end does: nobody holds its lock any more
        await second.append(message(4))
        await second.adopt()
        assert await drained(second) == [1, 2, 3, 4]
    assert files(folder) == []


async def test_a_torn_record_at_the_end_is_passed_over(folder: Path) -> None:
    async with opened(folder) as spool:
        await spool.append(message(1))
    (file,) = files(folder, ".spool")
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:-1])
    async with opened(folder, run=2) as spool:
        assert spool.waiting == 2  # as long as they are only counted
        assert await drained(spool) == [1]
    assert files(folder) == []


async def test_a_damaged_file_is_kept_aside_and_told_of(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(folder) as spool:
        for number in range(3):
            await spool.append(message(number))
    (file,) = files(folder, ".spool")
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 2] ^= 1
    file.write_bytes(changed)
    async with opened(folder, run=2) as spool:
        assert await drained(spool) == [0, 2]
    (kept,) = files(folder)
    assert kept.suffix == ".damaged"
    assert kept.read_bytes() == changed
    assert str(kept) in caplog.text


async def test_a_file_that_was_deleted_is_told_of_and_forgotten(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(folder) as spool:
        await spool.append(message(1))
        (file,) = files(folder, ".spool")
        file.unlink()
        await spool.append(message(2))  # in a new file: what is in that one is lost
        assert await drained(spool) == [2]
    assert f"{file} is gone" in caplog.text


async def test_a_file_that_cannot_be_read_waits_until_it_can(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(folder) as spool:
        await spool.append(message(1))
    (file,) = files(folder, ".spool")
    kept = file.rename(folder / "elsewhere")
    file.mkdir()
    async with opened(folder, run=2) as spool:
        await spool.append(message(2))
        first = await spool.oldest()
        assert first is not None
        assert [await spool.read(first), await spool.read(first)] == [None, None]
        second = await spool.oldest(but=[first])
        assert second is not None
        assert await spool.read(second) == [message(2)]
        file.rmdir()
        kept.rename(file)
        assert await drained(spool) == [1, 2]
    assert caplog.text.count("cannot be read") == 1
    assert files(folder) == []


async def test_a_file_that_cannot_be_deleted_is_not_stored_again(folder: Path) -> None:
    async with opened(folder) as spool:
        await spool.append(message(1))
    async with opened(folder, run=2) as spool:
        segment = await spool.oldest()
        assert segment is not None
        segment.path.unlink()
        segment.path.mkdir()
        await spool.drop(segment)
        await spool.adopt()
        assert await spool.oldest() is None


async def test_nobody_waits_while_files_are_taken_over(folder: Path) -> None:
    spoolfile.make_folder(folder)
    pipe = folder / f"{1:016}-{'01' * 8}.000001.spool"
    os.mkfifo(pipe)  # reading it takes until somebody writes
    spool = Spool(folder, run=f"{2:016}", mark=bytes([2]) * 8)
    adopting = asyncio.create_task(spool.adopt())
    while not files(folder, ".lock"):  # noqa: ASYNC110 -- nothing tells of it
        await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        await spool.append(message(2))
    assert not adopting.done()
    record = spoolrecord.pack(message(1), bytes([1]) * 8)
    await asyncio.to_thread(pipe.write_bytes, record)
    await adopting
    assert spool.waiting == 2
    pipe.unlink()
    pipe.write_bytes(record)
    assert await drained(spool) == [1, 2]
    await spool.close()


async def test_whatever_goes_wrong_in_writing_nobody_is_left_waiting() -> None:
    spool = Spool(Path("no\0folder"), run=f"{1:016}", mark=bytes(8))  # a ValueError, for one
    for _ in range(2):
        async with asyncio.timeout(10):
            with pytest.raises(StorageUnavailable, match="cannot be written"):
                await spool.append(message(1, spool_module.MOST_UNWRITTEN_BYTES * 2 // 3))


# ---- Disks that fail, for real ----


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Like a disk that is full: writes past this size fail, with EFBIG rather than ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


async def test_a_write_that_fails_in_its_middle_leaves_no_trace(folder: Path) -> None:
    async with opened(folder) as spool:
        await spool.append(message(1))
        with files_end_at(1000):
            with pytest.raises(StorageUnavailable, match="File too large"):
                await spool.append(message(2, 5000))
            (file,) = files(folder, ".spool")
            assert file.stat().st_size < 200
            await spool.append(message(3))  # begins a new file
        assert await drained(spool) == [1, 3]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place]
    done = subprocess.run(mount, check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"a file system may not be mounted here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_full_disk_refuses_and_what_was_kept_before_is_whole(tiny_disk: Path) -> None:
    async with opened(tiny_disk / "spool") as spool:
        kept, reasons = [], set()
        for number in range(40):
            try:
                await spool.append(message(number, 3000))
            except StorageUnavailable as error:
                reasons.add(str(error))
            else:
                kept.append(number)
        assert 5 < len(kept) < 25
        (reason,) = reasons
        assert "No space left" in reason
        assert await drained(spool) == kept
        await spool.append(message(40, 3000))
        assert await drained(spool) == [40]


async def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with opened(tmp_path / "file" / "spool") as spool:
        assert not spool.usable()
        with pytest.raises(StorageUnavailable, match="Not a directory"):
            await spool.append(message(1))


_WRITER = """
import asyncio, sys
from pathlib import Path
from ingest.message import Message
from ingest.sender import Sender
from ingest.spool import Spool

async def main():
    spool = Spool(Path(sys.argv[1]), run="1".zfill(16), mark=b"the mark")
    async def one(number):
        await spool.append(Message(b"x" * 1000, "pings", number, Sender("radio-7", 7)))
        print(number, flush=True)
    for start in range(0, 1_000_000, 20):
        await asyncio.gather(*map(one, range(start, start + 20)))

asyncio.run(main())
"""


def acknowledged_until_killed(folder: Path) -> set[int]:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, folder], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = {int(process.stdout.readline()) for _ in range(500)}
        process.kill()
        return acknowledged | {int(line) for line in process.stdout if line.endswith("\n")}


async def test_what_a_killed_process_had_a_receipt_for_is_there(folder: Path) -> None:
    acknowledged = acknowledged_until_killed(folder)
    async with opened(folder, run=2) as spool:
        kept = await drained(spool)
    assert acknowledged <= set(kept)
    assert kept == sorted(set(kept))
    assert files(folder) == []


def test_a_run_is_locked_by_one_process_at_a_time(tmp_path: Path) -> None:
    lock = spoolfile.Lock.take(tmp_path, "run")
    assert lock is not None
    assert spoolfile.Lock.take(tmp_path, "run") is None
    lock.release(done=False)
    again = spoolfile.Lock.take(tmp_path, "run")
    assert again is not None
    again.release(done=True)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- no more than the names
