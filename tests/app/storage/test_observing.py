import datetime as dt

import pytest
import sqlalchemy as sa
from planted import KNOWN, Planted, plant

from app.access.naming import Naming
from app.access.viewer import OPERATOR
from app.observing.track import Saying
from app.storage import devices, directory, observing, quarantine, schema, trial
from app.storage.engine import Database, Writer
from app.storage.errors import NotFound
from app.storage.pages import Slice
from app.storage.types import to_us
from ingest.message import Broken

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
WEEKS_S = 1024 * 7 * 86_400.0
NAMED = Naming(OPERATOR, b"")


async def test_a_span_of_fixes_ends_before_its_end(database: Database) -> None:
    await plant(database, [Planted("a", every_s=600, accuracy_m=None, speed_mps=2.5)], NOW)
    first, last = NOW - dt.timedelta(seconds=3601), NOW - dt.timedelta(seconds=601)
    async with database.read() as reader:
        whole = await observing.track(reader, 1, first, NOW)
        short = await observing.track(reader, 1, first + dt.timedelta(microseconds=1), last)
        nobody = await observing.track(reader, 2, first, NOW)
    assert len(whole) == 6
    assert (whole.time_us[0], whole.time_us[-1]) == (to_us(first), to_us(last))
    assert set((whole.received_us - whole.time_us).tolist()) == {1_000_000}
    assert whole.speed_mps.tolist() == [2.5] * 6
    assert not (whole.accuracy_m >= 0).any()
    assert short.time_us.tolist() == whole.time_us[1:-1].tolist()
    assert len(nobody) == 0


async def test_fixes_dated_long_ago_are_found_by_when_they_came(database: Database) -> None:
    await plant(database, [Planted("rolled", every_s=600, late_s=WEEKS_S)], NOW)
    async with database.read() as reader:
        assert len(await observing.track(reader, 1, NOW - DAY, NOW)) == 0
        assert len(await observing.lately(reader, 1, NOW - DAY, NOW)) == 6
        assert len(await observing.lately(reader, 1, NOW - 2 * DAY, NOW - DAY)) == 0


async def test_what_a_device_said_comes_with_its_fixes_from_an_hour_before(
    database: Database,
) -> None:
    said = [(2000, "power_off"), (4000, "battery_low"), (8000, "emergency")]
    await plant(database, [Planted("a", said=said), Planted("b", said=said)], NOW)
    async with database.read() as reader:
        found = await observing.figures_of(reader, 1, NOW - dt.timedelta(hours=1), NOW)
    assert found[1] == [
        Saying(to_us(NOW) - ago * 1_000_000, kind)
        for ago, kind in ((4000, "battery_low"), (2000, "power_off"))
    ]


async def test_gateways_are_nowhere_and_the_others_are_with_somebody_or_not(
    database: Database,
) -> None:
    planted = [Planted("a"), Planted("b", carried=False), Planted("g", kind="gateway")]
    await plant(database, planted, NOW)
    async with database.write() as writer:
        await writer.execute(sa.update(schema.devices).values(profile="radio"))
        page = await observing.page(writer, NAMED, Slice(10), NOW)
        before = await observing.page(writer, NAMED, Slice(10), KNOWN - DAY, "a")
    assert [(one.name, one.carried) for one in page.items] == [("a", True), ("b", False)]
    assert [one.carried for one in before.items] == [False]
    assert {one.profile_name for one in page.items} == {"radio"}
    assert page.items[0].heard == NOW - dt.timedelta(seconds=15)


async def test_an_address_of_two_kinds_that_two_devices_have_is_found(database: Database) -> None:
    await plant(database, [Planted(name, hours=0) for name in ("a", "b", "c")], NOW)
    rows = [(1, "issi", "7"), (2, "radio", "7"), (3, "issi", "8"), (3, "radio", "8")]
    async with database.write() as writer:
        values = [{"device_id": d, "kind": k, "address": a} for d, k, a in rows]
        await writer.execute(sa.insert(schema.device_addresses), values)
        assert await observing.shared_addresses(writer) == [observing.Shared("7", ["a", "b"])]


async def test_a_devices_formats_are_those_of_the_span(database: Database) -> None:
    await plant(database, [Planted("a"), Planted("b")], NOW)
    async with database.write() as writer:
        other = {"device_id": 1, "time": NOW, "received": NOW, "lon": 1.0, "lat": 1.0}
        await writer.execute(sa.insert(schema.fixes).values(other | {"source": "nmea"}))
        assert await observing.sources(writer, 1, NOW - DAY, NOW + DAY) == {"pings", "nmea"}
        assert await observing.sources(writer, 1, NOW - DAY, NOW) == {"pings"}
        assert await observing.sources(writer, 3, NOW - DAY, NOW) == set()


async def test_unusable_messages_are_counted_by_sender_and_format(database: Database) -> None:
    sent = [
        ("a", "nmea", "1", 2),
        ("b", "nmea", "2", 0),
        ("b", "nmea", "3", 0),
        ("b", "lip", "4", 0),
    ]
    async with database.write() as writer:
        for sender, format_, reason, days in sent:
            time_us = to_us(NOW - days * DAY)
            await quarantine.keep(writer, Broken(b"", format_, time_us, sender, reason))
        found = await observing.unusable(writer, NOW - DAY)
    assert found == [
        observing.Unusable("b", "nmea", 2, "3"),
        observing.Unusable("b", "lip", 1, "4"),
    ]


async def _names(writer: Writer) -> list[str]:
    return list(await writer.scalars(sa.select(schema.devices.c.name)))


async def test_the_trials_device_is_made_once_and_forgotten_each_time(database: Database) -> None:
    async with database.write() as writer:
        device = await trial.enrol(writer, "trial-1", "16777214", b"one", NOW)
        await trial.forget(writer, device, "trial-1", NOW)
    async with database.write() as writer:
        assert await trial.enrol(writer, "trial-2", "16777214", b"two", NOW) == device
        fix = {"device_id": device, "time": NOW, "received": NOW, "lon": 1.0, "lat": 1.0}
        await writer.execute(sa.insert(schema.fixes).values(fix | {"source": "pings"}))
        said = {"device_id": device, "time": NOW, "received": NOW, "kind": "hello"}
        await writer.execute(sa.insert(schema.device_events).values(said | {"source": "pings"}))
        changed = {"tail": b"x", "near": b"x", "heard": NOW, "unsurveyed": NOW, "surveying": NOW}
        await writer.execute(sa.update(schema.device_states).values(changed))
    async with database.write() as writer:
        assert await trial.stored(writer, device) == [trial.Stored("pings", NOW)]
        assert await _names(writer) == ["trial-2"]
        await trial.forget(writer, device, "trial-2", NOW)
    async with database.read() as reader:
        assert await trial.stored(reader, device) == []
        state = (await reader.execute(sa.select(schema.device_states))).one()
        assert state == (device, None, None, None, None, None)
        assert set(await reader.scalars(sa.select(schema.device_keys.c.revoked))) == {NOW}
        assert (await reader.execute(sa.select(schema.device_events))).all() == []


async def test_a_trial_that_broke_off_is_cleared_by_the_next(database: Database) -> None:
    async with database.write() as writer:
        device = await trial.enrol(writer, "trial-1", "16777214", b"one", NOW)
        fix = {"device_id": device, "time": NOW, "received": NOW, "lon": 1.0, "lat": 1.0}
        await writer.execute(sa.insert(schema.fixes).values(fix | {"source": "pings"}))
    async with database.write() as writer:
        assert await trial.enrol(writer, "trial-2", "16777214", b"two", NOW) == device
        assert await trial.stored(writer, device) == []


async def test_what_comes_by_the_trials_name_afterwards_is_a_strangers(database: Database) -> None:
    stamps = []
    async with database.write() as writer:
        for name in ("trial-1", "trial-2"):
            device = await trial.enrol(writer, name, "16777214", name.encode(), NOW)
            stamps.append(await directory.stamp(writer))
            assert (await directory.by_address(writer, "device", name)) is not None
            await trial.forget(writer, device, name, NOW)
            stamps.append(await directory.stamp(writer))
            assert await directory.by_address(writer, "device", name) is None
            assert await directory.by_key(writer, name.encode()) is None
    assert len(set(stamps)) == 4


async def test_the_trials_device_is_shown_nowhere_and_nobodys_is_taken_for_it(
    database: Database,
) -> None:
    address = devices.Address("doctor", "16777214")
    real = devices.Device("beatkeeper-doctor", "phone", "phone", [address])
    async with database.write() as writer:
        await devices.create(writer, real, b"key", NOW)
        own = await devices.device_id(writer, real.name)
        trials = await trial.enrol(writer, "trial-1", "16777214", b"one", NOW)
        assert trials != own
        watched = await observing.page(writer, NAMED, Slice(10), NOW)
        listed = await devices.page(writer, NAMED, Slice(10), NOW)
        with pytest.raises(NotFound):
            await devices.named(writer, "trial-1")
    assert [one.name for one in watched.items] == ["beatkeeper-doctor"]
    assert [one.name for one in listed.items] == ["beatkeeper-doctor"]
