import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from app.access.secrets import digest
from app.directory import LONGEST, LOOK_EVERY_S, Directory
from app.storage import devices, keys
from app.storage import directory as stored
from app.storage.directory import Shown
from app.storage.engine import Database, Reader
from app.storage.schema import device_addresses, device_states
from ingest.errors import LockedOut, StorageUnavailable
from ingest.sender import Address, Key, Sender

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


@dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


async def make(database: Database, name: str, *, speaks_for: tuple[str, ...] = ()) -> None:
    kind = "gateway" if speaks_for else "phone"
    address = devices.Address("owntracks", f"{name}/app")
    device = devices.Device(name, kind, kind, [address], list(speaks_for))
    async with database.write() as writer:
        await devices.create(writer, device, digest(f"key of {name}"), NOW)


async def test_a_device_is_known_by_its_key_its_name_and_its_address(database: Database) -> None:
    await make(database, "p1")
    directory = Directory(database, Clock())
    by_key = await directory.identify(Key("key of p1"))
    assert by_key is not None
    assert (by_key.name, list(by_key.speaks_for)) == ("p1", ["p1/app"])
    assert by_key.device_of("p1/app") == by_key.device_of("p1") == by_key.device is not None
    assert await directory.identify(Address("owntracks", "p1/app")) == by_key
    assert await directory.identify(Address("device", "p1")) == by_key


async def test_a_gateway_speaks_for_its_listed_devices_alone(database: Database) -> None:
    for name in ("p1", "p2", "p3"):
        await make(database, name)
    await make(database, "g1", speaks_for=("p1", "p2"))
    gateway = await Directory(database, Clock()).identify(Key("key of g1"))
    assert gateway is not None
    assert gateway.device is None
    assert set(gateway.speaks_for) == {"p1", "p2", "p1/app", "p2/app"}
    assert gateway.devices == 2


async def test_a_gateway_knows_its_devices_by_their_addresses_unless_two_have_one(
    database: Database,
) -> None:
    carried = {
        "p1": [("issi", "2167005"), ("dmr", "5")],
        "p2": [("issi", "5"), ("dmr", "6"), ("lip", "6")],
        "p3": [("issi", "7")],
    }
    async with database.write() as writer:
        for name, known_as in carried.items():
            addresses = [devices.Address(kind, value) for kind, value in known_as]
            device = devices.Device(name, "radio", "radio", addresses)
            await devices.create(writer, device, digest(f"key of {name}"), NOW)
        gateway = devices.Device("g1", "gateway", "gateway", [], ["p1", "p2"])
        await devices.create(writer, gateway, digest("key of g1"), NOW)
    directory = Directory(database, Clock())
    for credential in (Key("key of g1"), Address("device", "g1")):
        sender = await directory.identify(credential)
        assert sender is not None
        assert set(sender.speaks_for) == {"p1", "p2", "2167005", "6"}
        assert sender.device_of("2167005") == sender.device_of("p1")
        assert sender.device_of("6") == sender.device_of("p2")
        assert sender.device_of("5") is sender.device_of("7") is None


async def test_strangers_are_nobody(database: Database) -> None:
    await make(database, "p1")
    directory = Directory(database, Clock())
    for credential in (Key("key of p2"), Key(""), Address("owntracks", "p1/other")):
        assert await directory.identify(credential) is None


async def test_a_revoked_key_is_refused_within_seconds(database: Database) -> None:
    await make(database, "p1")
    clock = Clock()
    directory = Directory(database, clock)
    assert await directory.identify(Key("key of p1")) is not None
    async with database.write() as writer:
        await devices.revoke_keys(writer, "p1", NOW)
    clock.seconds += LOOK_EVERY_S
    assert await directory.identify(Key("key of p1")) is None


async def test_a_new_key_is_known_within_seconds(database: Database) -> None:
    clock = Clock()
    directory = Directory(database, clock)
    assert await directory.identify(Key("key of p1")) is None
    await make(database, "p1")
    clock.seconds += LOOK_EVERY_S
    assert await directory.identify(Key("key of p1")) is not None


async def test_who_was_known_before_still_is_while_the_database_is_away(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, away = Database(sqlite_url), Database("/nowhere/at/all/beatkeeper.db")
    await make(database, "p1")
    clock = Clock()
    directory = Directory(database, clock)
    known = await directory.identify(Key("key of p1"))
    monkeypatch.setattr(directory, "_database", away)
    clock.seconds += LOOK_EVERY_S
    assert await directory.identify(Key("key of p1")) == known
    with pytest.raises(StorageUnavailable):
        await directory.identify(Key("key of p2"))
    await database.close()


async def test_each_device_has_the_row_that_ingest_locks(database: Database) -> None:
    await make(database, "p1")
    async with database.read() as reader:
        assert (
            await reader.execute(sa.select(sa.func.count(device_states.c.device_id)))
        ).one() == (1,)


async def test_an_answer_older_than_a_revocation_is_not_remembered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(database, "p1")
    clock = Clock()
    directory = Directory(database, clock)
    assert await directory.identify(Key("a stranger's")) is None
    asked, revoked = asyncio.Event(), asyncio.Event()
    senders = stored.senders

    async def slow(reader: Reader, shown: Collection[Shown]) -> dict[Shown, Sender | stored.Barred]:
        found = await senders(reader, shown)
        asked.set()
        await revoked.wait()
        return found

    monkeypatch.setattr(stored, "senders", slow)
    early = asyncio.create_task(directory.identify(Key("key of p1")))
    await asked.wait()
    monkeypatch.setattr(stored, "senders", senders)
    async with database.write() as writer:
        await devices.revoke_keys(writer, "p1", NOW)
    clock.seconds += LOOK_EVERY_S
    later = asyncio.create_task(directory.identify(Key("a stranger's")))
    await asyncio.sleep(0.1)  # it sees that something changed, and waits for its turn
    revoked.set()
    assert await early is not None
    assert await later is None
    assert await directory.identify(Key("key of p1")) is None


async def test_an_address_given_up_for_another_is_refused_within_seconds(
    database: Database,
) -> None:
    await make(database, "p1")
    clock = Clock()
    directory = Directory(database, clock)
    assert await directory.identify(Address("owntracks", "p1/app")) is not None
    async with database.write() as writer:
        await writer.execute(sa.update(device_addresses).values(address="p1/new"))
    clock.seconds += LOOK_EVERY_S
    assert await directory.identify(Address("owntracks", "p1/app")) is None
    assert await directory.identify(Address("owntracks", "p1/new")) is not None


async def test_a_key_longer_than_any_of_ours_is_refused_without_a_look() -> None:
    nowhere = Directory(Database("/nowhere/at/all/beatkeeper.db"), Clock())
    assert await nowhere.identify(Key("k" * (LONGEST + 1))) is None
    with pytest.raises(StorageUnavailable):
        await nowhere.identify(Key("k" * LONGEST))


async def test_guesses_push_out_nobody_who_is_known_and_leave_no_secret_in_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.directory.MOST_REFUSED", 10)
    await make(database, "p1")
    directory = Directory(database, Clock())
    known = await directory.identify(Key("key of p1"))
    for guess in range(30):
        assert await directory.identify(Key(f"key of x{guess}")) is None
    assert len(directory._refused) == 10
    assert "key of" not in repr([*directory._known, *directory._refused])
    monkeypatch.setattr(directory, "_database", Database("/nowhere/at/all/beatkeeper.db"))
    assert await directory.identify(Key("key of p1")) == known


async def test_a_key_that_spells_an_address_is_not_that_address(database: Database) -> None:
    await make(database, "p1")
    directory = Directory(database, Clock())
    assert await directory.identify(Address("device", "p1")) is not None
    assert await directory.identify(Key("p1")) is None


@dataclass
class Hanging:
    """A database that does not answer, until it is told to."""

    database: Database
    answers: asyncio.Event
    asked: int = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        self.asked += 1
        await self.answers.wait()
        async with self.database.read() as reader:
            yield reader


async def test_nobody_waits_long_for_a_database_that_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.directory.ANSWERS_IN_S", 0.2)
    await make(database, "p1")
    clock, hanging = Clock(), Hanging(database, asyncio.Event())
    directory = Directory(database, clock)
    known = await directory.identify(Key("key of p1"))
    monkeypatch.setattr(directory, "_database", hanging)
    clock.seconds += LOOK_EVERY_S
    async with asyncio.timeout(5):
        together = [directory.identify(Key("key of p1")) for _ in range(20)]
        assert await asyncio.gather(*together) == [known] * 20
        with pytest.raises(StorageUnavailable, match="has not answered"):
            await directory.identify(Key("key of p2"))
    async with asyncio.timeout(0.1):  # it is known to be away
        clock.seconds += LOOK_EVERY_S
        assert await directory.identify(Key("key of p1")) == known
    assert hanging.asked == 1  # and no connection is taken for what hangs already


async def test_a_database_that_is_back_is_believed_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.directory.ANSWERS_IN_S", 0.1)
    await make(database, "p1")
    clock, hanging = Clock(), Hanging(database, asyncio.Event())
    directory = Directory(database, clock)
    assert await directory.identify(Key("key of p1")) is not None
    monkeypatch.setattr(directory, "_database", hanging)
    clock.seconds += LOOK_EVERY_S
    assert await directory.identify(Key("key of p1")) is not None
    async with database.write() as writer:
        await devices.revoke_keys(writer, "p1", NOW)
    hanging.answers.set()
    monkeypatch.setattr("app.directory.ANSWERS_IN_S", 5.0)
    async with asyncio.timeout(5):
        while await directory.identify(Key("key of p1")) is not None:
            clock.seconds += LOOK_EVERY_S
            await asyncio.sleep(0.01)
    assert await directory.identify(Key("key of p1")) is None


async def test_whoever_is_recognised_at_once_is_asked_after_a_quiet_time(
    database: Database,
) -> None:
    await make(database, "p1")
    clock = Clock()
    directory = Directory(database, clock)
    key = Key("key of p1")
    assert directory.recognise(key) is None
    known = await directory.identify(key)
    assert directory.recognise(key) == known is not None
    async with database.write() as writer:
        await devices.revoke_keys(writer, "p1", NOW)
    clock.seconds += 3600
    assert directory.recognise(key) is None
    assert await directory.identify(key) is None


async def lock(database: Database, name: str) -> None:
    async with database.write() as writer:
        await keys.lock(writer, name, NOW)


async def test_a_locked_device_is_refused_by_whatever_it_shows_and_counted(
    database: Database,
) -> None:
    await make(database, "p1")
    counted: list[tuple[str, int, str]] = []
    directory = Directory(database, Clock(), lambda *who: counted.append(who))
    shown = (Key("key of p1"), Address("device", "p1"), Address("owntracks", "p1/app"))
    known = [await directory.identify(one) for one in shown]
    await lock(database, "p1")
    directory.look_again()
    for one in shown:
        assert directory.recognise(one) is None
        with pytest.raises(LockedOut, match="this device key is not known here"):
            await directory.identify(one)
    device = known[0].device if known[0] else 0
    assert counted == [(door, device, "locked") for door in ("http", "mqtt", "mqtt")]
    async with database.write() as writer:
        await keys.unlock(writer, "p1")
    directory.look_again()
    assert [await directory.identify(one) for one in shown] == known


async def test_a_lock_is_seen_by_other_processes_at_their_next_look(database: Database) -> None:
    await make(database, "p1")
    clock = Clock()
    elsewhere = Directory(database, clock)
    assert await elsewhere.identify(Key("key of p1")) is not None
    await lock(database, "p1")
    clock.seconds += LOOK_EVERY_S
    with pytest.raises(LockedOut):
        await elsewhere.identify(Key("key of p1"))


async def test_a_look_under_way_while_a_device_is_locked_is_not_believed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(database, "p1")
    clock = Clock()
    directory = Directory(database, clock)
    assert await directory.identify(Key("key of p1")) is not None
    asked, locked = asyncio.Event(), asyncio.Event()
    stamp = stored.stamp

    async def slow(reader: Reader) -> stored.Stamp:
        found = await stamp(reader)
        asked.set()
        await locked.wait()
        return found

    monkeypatch.setattr(stored, "stamp", slow)
    clock.seconds += LOOK_EVERY_S
    early = asyncio.create_task(directory.identify(Key("key of p1")))
    await asked.wait()
    monkeypatch.setattr(stored, "stamp", stamp)
    await lock(database, "p1")
    directory.look_again()
    late = asyncio.create_task(directory.identify(Key("key of p1")))
    await asyncio.sleep(0)
    locked.set()
    with pytest.raises(LockedOut):
        await late
    with pytest.raises(LockedOut):
        await early


async def test_a_gateway_does_not_speak_for_a_device_that_is_locked(database: Database) -> None:
    for name in ("p1", "p2"):
        await make(database, name)
    await make(database, "g1", speaks_for=("p1", "p2"))
    await lock(database, "p2")
    gateway = await Directory(database, Clock()).identify(Key("key of g1"))
    assert gateway is not None
    assert set(gateway.speaks_for) == {"p1", "p1/app"}
    assert set(gateway.barred) == {"p2", "p2/app"}
    assert gateway.device_of("p2") is gateway.device_of("p2/app") is None
    assert gateway.barred_of("p2/app") == gateway.about("p2").barred_of(None) is not None


async def test_a_revoked_key_is_a_strangers_and_counted_as_its_devices(
    database: Database,
) -> None:
    await make(database, "p1")
    counted: list[tuple[str, int, str]] = []
    directory = Directory(database, Clock(), lambda *who: counted.append(who))
    async with database.write() as writer:
        await devices.revoke_keys(writer, "p1", NOW)
        device = await devices.device_id(writer, "p1")
    for key in ("key of p1", "key of p2", "k" * (LONGEST + 1)):
        assert await directory.identify(Key(key)) is None
    assert await directory.identify(Address("device", "p2")) is None
    assert counted == [
        ("http", device, "revoked"),
        ("http", 0, "stranger"),
        ("http", 0, "stranger"),
        ("mqtt", 0, "stranger"),
    ]
