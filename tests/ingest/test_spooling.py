import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from memory import NOW_US, Storage

from ingest.batch import Batcher
from ingest.errors import DecodeError, StorageUnavailable
from ingest.intake import Intake, read
from ingest.message import Broken, Message, Receipt
from ingest.sender import Sender
from ingest.spool import Spool
from ingest.spooling import SpoolingIntake
from ingest.watch import Watch

RADIO = Sender("radio-7", 7)
GATEWAY = Sender("gateway", None, {f"radio-{n}": n for n in range(1000)})
AFTER_S = 0.4


@dataclass
class Way:
    """A way in with a spool, whose storage can be taken away."""

    storage: Storage
    spool: Spool
    intake: SpoolingIntake
    folder: Path
    away: bool = False

    async def accept(self, *seconds: int, sender: Sender = RADIO, **more: object) -> Receipt:
        return await self.intake.accept(message(*seconds, sender=sender, **more))

    def stored(self) -> list[int]:
        """Whole seconds before now, in the order in which they were stored."""
        times = [int(time_us) for batch in self.storage.batches for time_us in batch.time_us]
        return [(NOW_US - time_us) // 1_000_000 for time_us in times]


def message(*seconds: int, sender: Sender = RADIO, **more: object) -> Message:
    pings = [{"time": NOW_US // 10**6 - s, "lat": 51.5, "lon": 0.1, **more} for s in seconds]
    return Message(json.dumps(pings).encode(), "pings", NOW_US, sender)


@asynccontextmanager
async def serving(folder: Path, *, run: int = 1, limit_bytes: int = 1 << 20) -> AsyncIterator[Way]:
    storage, watch = Storage(), Watch(time.monotonic)
    storage.open.set()
    spool = Spool(folder, run=f"{run:016}", mark=bytes([run]) * 8, limit_bytes=limit_bytes)
    async with Batcher(watch.over(storage.store), max_fixes=10, max_waiting=20) as batcher:
        intake = Intake(
            batcher.submit,
            watch.over(storage.quarantine),
            watch.over(storage.keep),
            offer=batcher.offer,
        )
        async with SpoolingIntake(intake, spool, watch, after_s=AFTER_S) as spooling:
            yield Way(storage, spool, spooling, folder)
            storage.open.set()


@pytest.fixture(autouse=True)
def _in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.spooling.RETRY_S", 0.05)
    monkeypatch.setattr("ingest.spooling.LOOK_EVERY_S", 0.05)


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    async with serving(tmp_path / "spool") as way:
        yield way


def fail(way: Way, times: int = 10**6) -> None:
    way.storage.failures = [StorageUnavailable("away")] * times


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_receipt_out_of_storage_is_as_it_always_was(way: Way) -> None:
    receipt = await way.accept(1)
    assert msgspec.json.encode(receipt) == b'{"accepted":1,"duplicates":0,"rejected":[]}'
    assert not way.folder.exists()


async def test_while_storage_is_away_the_receipt_says_that_it_is_in_the_spool(way: Way) -> None:
    fail(way)
    receipt = await way.accept(3, 2, 1)
    assert msgspec.json.encode(receipt) == (
        b'{"accepted":3,"duplicates":0,"rejected":[],"spooled":true}'
    )
    receipt = await way.accept(4, sender=GATEWAY, device="radio-1000")
    assert (receipt.accepted, receipt.spooled) == (0, True)
    assert [bad.reason for bad in receipt.rejected] == ["unknown_device"]
    assert (way.intake.counts.spooled, way.intake.counts.waiting) == (2, 2)
    assert way.intake.counts.messages == 0


async def test_all_of_it_is_stored_once_storage_is_back_and_in_its_order(way: Way) -> None:
    fail(way)
    for second in range(100, 0, -1):
        await way.accept(second)
    way.storage.batches.clear()
    way.storage.failures.clear()
    await until(lambda: not way.intake.counts.waiting)
    assert way.stored() == list(range(100, 0, -1))
    assert {key[0] for key in way.storage.fixes} == {7}
    assert (way.intake.counts.messages, way.intake.counts.accepted) == (100, 100)
    assert not (await way.accept(0)).spooled
    await until(lambda: not list(way.folder.glob("*.spool")))


async def test_new_messages_do_not_wait_behind_those_of_the_spool(way: Way) -> None:
    fail(way, 1)
    assert (await way.accept(2)).spooled
    await until(lambda: way.storage.fixes)
    assert (await way.accept(1)).accepted == 1


async def test_once_it_is_known_to_be_away_storage_is_spared(way: Way) -> None:
    fail(way)
    for second in range(50):
        await way.accept(second)
    assert len(way.storage.batches) < 10


async def test_storage_that_hangs_is_not_waited_for(way: Way) -> None:
    way.storage.open.clear()
    began_s = time.monotonic()
    receipts = await asyncio.gather(*(way.accept(second) for second in range(30)))
    assert time.monotonic() - began_s < AFTER_S + 1
    assert all(receipt.spooled for receipt in receipts)
    assert (await way.accept(30)).spooled  # at once
    way.storage.open.set()
    await until(lambda: not way.intake.counts.waiting)
    assert len(way.storage.fixes) == 31


async def test_storage_that_is_busy_is_waited_for_and_fills_no_disk(way: Way) -> None:
    async def busily() -> None:
        for _ in range(12):  # each batch takes its time, but less than one that hangs
            way.storage.open.clear()
            await asyncio.sleep(AFTER_S / 3)
            way.storage.open.set()
            await asyncio.sleep(0)

    working = asyncio.create_task(busily())
    receipts = await asyncio.gather(*(way.accept(second) for second in range(100)))
    await working
    assert not any(receipt.spooled for receipt in receipts)
    assert not way.folder.exists()


async def test_what_cannot_be_read_is_set_aside_once_storage_is_back(way: Way) -> None:
    fail(way)
    with pytest.raises(DecodeError):
        await way.intake.accept(Message(b"hello", "pings", NOW_US, RADIO))
    await way.accept(1)
    assert way.intake.counts.waiting == 2
    way.storage.failures.clear()
    await until(lambda: not way.intake.counts.waiting)
    (broken,) = way.storage.broken
    assert (broken.payload, broken.origin, broken.received_us) == (b"hello", "radio-7", NOW_US)
    assert len(way.storage.fixes) == 1


async def test_a_message_that_fails_here_is_set_aside_and_holds_nobody_up(way: Way) -> None:
    fail(way)
    unknown = Message(b"hello", "semaphore", NOW_US, RADIO)
    await way.spool.append(unknown)
    await way.accept(1)
    way.storage.failures.clear()
    await until(lambda: not way.intake.counts.waiting)
    assert way.storage.broken[0].format == "semaphore"
    assert len(way.storage.fixes) == 1


async def test_events_and_whose_they_are_come_through_the_spool(way: Way) -> None:
    fail(way)
    await way.accept(1, sender=GATEWAY.about("radio-9"), event="emergency")
    await way.intake.accept(Message(b'{"_type":"lwt"}', "owntracks", NOW_US, RADIO))
    kept = b"".join(file.read_bytes() for file in way.folder.glob("*.spool"))
    assert b"emergency" in kept
    assert b"radio-8" not in kept  # of a gateway's list no more than it takes
    way.storage.failures.clear()
    await until(lambda: not way.intake.counts.waiting)
    assert [(said.device, said.kind, said.time_us) for said in way.storage.said] == [
        (9, "emergency", NOW_US - 1_000_000),
        (7, "offline", NOW_US),  # when it came, not when it was stored
    ]
    assert list(way.storage.fixes) == [(9, NOW_US - 1_000_000)]


async def test_what_is_full_refuses_and_nothing_else_is_acknowledged(tmp_path: Path) -> None:
    async with serving(tmp_path / "spool", limit_bytes=600) as way:
        fail(way)
        outcomes = [
            await asyncio.gather(way.accept(second), return_exceptions=True) for second in range(9)
        ]
        refused = [outcome for (outcome,) in outcomes if isinstance(outcome, StorageUnavailable)]
        assert 0 < len(refused) < 9
        way.storage.failures.clear()
        await until(lambda: not way.intake.counts.waiting)
        assert len(way.storage.fixes) == 9 - len(refused)


async def test_a_spool_that_cannot_be_written_does_not_keep_storage_away(tmp_path: Path) -> None:
    async with serving(tmp_path / "spool", limit_bytes=0) as way:
        fail(way, 1)
        with pytest.raises(StorageUnavailable, match="the spool is full"):
            await way.accept(1)
        await until(lambda: way.intake.counts.waiting == 0)
        await asyncio.sleep(0.5)
        assert (await way.accept(1)).accepted == 1


async def test_a_new_process_stores_what_an_earlier_one_could_not(tmp_path: Path) -> None:
    async with serving(tmp_path / "spool") as way:
        fail(way)
        for second in range(20):
            await way.accept(second)
    async with serving(tmp_path / "spool", run=2) as way:
        await until(lambda: len(way.storage.fixes) == 20)
        assert way.intake.counts.spooled == 0


async def test_what_was_begun_without_waiting_ends_in_the_spool_as_well(way: Way) -> None:
    begun = way.intake.begin(message(1))
    assert begun is not None
    await begun.verdicts
    assert way.intake.finish(begun).accepted == 1
    way.storage.open.clear()
    begun = way.intake.begin(message(2))
    assert begun is not None
    with pytest.raises(StorageUnavailable, match="has not answered"):
        await begun.verdicts
    assert way.intake.begin(message(3)) is None  # it is known to be away
    assert (await way.accept(2)).spooled
    way.storage.open.set()
    await until(lambda: not way.intake.counts.waiting)
    fail(way, 1)
    begun = way.intake.begin(message(4))
    assert begun is not None
    with pytest.raises(StorageUnavailable, match="away"):
        await begun.verdicts
    assert (await way.accept(4)).spooled
    await until(lambda: len(way.storage.fixes) == 3)


async def test_setting_aside_waits_for_nothing_that_hangs(way: Way) -> None:
    fail(way)
    broken = Broken(b"", "pings", NOW_US, "radio-7", "the body is too large")
    with pytest.raises(StorageUnavailable):
        await way.intake.set_aside(broken)
    await way.accept(1)
    with pytest.raises(StorageUnavailable, match="away"):
        await way.intake.set_aside(broken)
    assert way.storage.broken == []


async def test_one_file_that_is_gone_or_cannot_be_read_holds_up_none_behind_it(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.spool.SEGMENT_BYTES", 100)  # a file a message
    monkeypatch.setattr("ingest.spooling.ADOPT_EVERY_S", 0.1)
    fail(way)
    for second in range(6, 0, -1):
        await way.accept(second)
    files = sorted(way.folder.glob("*.spool"))
    assert len(files) == 6
    files[2].unlink()
    kept = files[4].rename(way.folder / "elsewhere")
    files[4].mkdir()
    way.storage.failures.clear()
    await until(lambda: way.intake.counts.waiting == 1)
    assert {time_us for _, time_us in way.storage.fixes} == {
        NOW_US - second * 1_000_000 for second in (6, 5, 3, 1)
    }
    files[4].rmdir()
    kept.rename(files[4])
    await until(lambda: not way.intake.counts.waiting)
    assert len(way.storage.fixes) == 5


async def test_a_file_that_cannot_be_read_does_not_keep_storage_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.spool.SEGMENT_BYTES", 100)
    async with serving(tmp_path / "spool", limit_bytes=2000) as way:
        fail(way)
        await way.accept(3)
        await way.accept(2)
        _, second = sorted(way.folder.glob("*.spool"))
        second.unlink()
        second.mkdir()
        with (way.folder / "large").open("wb") as large:
            large.truncate(2000)
        way.storage.failures.clear()
        await until(lambda: "cannot be read" in caplog.text)
        fail(way, 1)
        with pytest.raises(StorageUnavailable, match="the spool is full"):
            await way.accept(1)
        assert (await way.accept(1)).accepted == 1


async def test_the_log_tells_each_minute_how_much_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.spooling.TELL_EVERY_S", 0.05)
    async with serving(tmp_path / "spool") as way:
        fail(way)
        await asyncio.gather(way.accept(1), way.accept(2))
        await until(lambda: "2 messages wait in the spool" in caplog.text)


async def test_what_its_sender_still_has_waits_for_nothing_that_hangs(way: Way) -> None:
    sent = message(1)
    way.storage.open.clear()
    async with asyncio.timeout(10):
        with pytest.raises(StorageUnavailable, match="has not answered"):
            await way.intake.take(sent, read(sent).decoded)
    assert not way.folder.exists()
