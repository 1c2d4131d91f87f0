"""What devices are told over MQTT, from the table of events through a real mosquitto."""

import asyncio
import datetime as dt
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa
from callers import Clock
from happenings import MINUTE, NOW, PHONE, PLACE, RADIO, enrolled, numbered, tell
from hearing import Device, connected, connection_to, letting, reached
from services import Mosquitto, free_port

from app import feedback
from app.compliance.plan import Plan, Window
from app.feedback import WORK, Feedback, Publisher
from app.live import Live
from app.storage import briefings, hotspots, plans, turns
from app.storage.briefings import Words
from app.storage.engine import Database
from app.storage.events import Event
from app.storage.hotspots import HotspotVersion
from app.storage.schema import devices
from ingest import mqtt

LONG_S = 20.0
YESTERDAY = NOW - dt.timedelta(days=1)
ENTERED = Event("entered", NOW, RADIO, PLACE, visit=NOW)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With a hot spot, its briefing, and a plan that wants patrols there until 14:00."""
    async with enrolled(database_url) as opened:
        square = HotspotVersion(
            "HS1", "Market Square", shapely.box(-0.1, 51.5, -0.09, 51.51), 0, YESTERDAY
        )
        late = Plan(
            "late", "Late", (Window("noon", dt.time(11), dt.time(14)),), NOW.date(), None, None, 12
        )
        async with opened.write() as writer:
            await hotspots.put(writer, [square], YESTERDAY)
            await briefings.put(writer, {PLACE: Words("Talk to the shops", "")}, YESTERDAY)
            await plans.put(writer, late, YESTERDAY)
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@asynccontextmanager
async def telling(
    database: Database, publisher: Publisher, clock: Clock, holder: str = "a"
) -> AsyncIterator[None]:
    async with database.write() as writer:
        assert await turns.take(writer, WORK, holder, dt.timedelta(days=1))
    async with Live(database, look_every_s=0.05) as live:
        task = asyncio.create_task(Feedback(database, live, publisher, clock.now_us).tell(holder))
        await reached(database, 0)
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def everybody(mosquitto: Mosquitto) -> Iterator[Device]:
    """Hears what any device is told."""
    device = Device(mosquitto.port, "+")
    yield device
    device.stop()


@pytest.fixture
async def publisher(mosquitto: Mosquitto) -> AsyncIterator[Publisher]:
    async with connected(mosquitto.port) as connection:
        yield connection


async def test_a_device_is_told_where_it_is_what_to_do_and_how_long(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    reached_at, minutes = NOW + 12 * MINUTE, {"minutes": 12.0, "minimum": 12.0}
    async with telling(database, publisher, clock):
        await tell(database, ENTERED)
        clock.now = reached_at
        target = Event("target_reached", reached_at, RADIO, PLACE, plan="late", data=minutes)
        await tell(database, target, now=reached_at)
        heard = await everybody.has_heard(2)
        await reached(database, 2)
    assert heard == [
        {
            "event": "entered",
            "time": "2026-01-15T12:00:00Z",
            "hotspot": "HS1",
            "name": "Market Square",
            "plan": "late",
            "data": None,
            "minimum_minutes": 12.0,
            "task": "Talk to the shops",
            "note": "",
        },
        {
            "event": "target_reached",
            "time": "2026-01-15T12:12:00Z",
            "hotspot": "HS1",
            "name": "Market Square",
            "plan": "late",
            "data": minutes,
        },
    ]
    assert everybody.whom == ["radio", "radio"]
    assert not any(one.retain for one in everybody.heard)


async def test_only_whom_it_concerns_is_told_and_only_what_is_new(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    async with database.write() as writer:
        odd = {"name": "radio/#", "kind": "radio", "profile": "radio"}
        await writer.execute(sa.insert(devices), {"id": 3, **odd})
    await tell(database, ENTERED)  # before it was ever looked
    async with telling(database, publisher, clock):
        await tell(
            database,
            Event("left", NOW, RADIO, PLACE),
            Event("hotspot_overdue", NOW, None, PLACE, plan="late"),
            Event("entered", NOW - 16 * MINUTE, RADIO, PLACE),
            Event("entered", NOW, 3, PLACE),
            *numbered("x"),
            Event("left_early", NOW, PHONE, PLACE, plan="late"),
        )
        await reached(database, 7)
        [heard] = await everybody.has_heard(1)
    assert (everybody.whom, heard["event"]) == (["phone"], "left_early")
    assert everybody.heard[0].properties.MessageExpiryInterval == 900


async def test_of_several_plans_a_device_is_told_of_the_one_that_wants_the_longest(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    """At noon three want patrols, two of them the longest; of these it is the first by key."""
    noon = Window("noon", dt.time(11), dt.time(13))
    long = Plan("zoo", "Long", (noon,), NOW.date(), None, None, 15)
    async with database.write() as writer:
        await plans.put(writer, long, YESTERDAY)
        await plans.put(writer, replace(long, key="day"), YESTERDAY)

    def reached_at(plan: str, minute: int, minimum: float) -> Event:
        data = {"minutes": minimum, "minimum": minimum}
        time = NOW + minute * MINUTE
        return Event("target_reached", time, RADIO, PLACE, plan=plan, data=data)

    def early(plan: str, minimum: float) -> Event:
        data = {"minutes": 13.0, "minimum": minimum}
        return Event("left_early", NOW + 13 * MINUTE, RADIO, PLACE, plan=plan, data=data)

    clock.now = NOW + 14 * MINUTE
    async with telling(database, publisher, clock):
        await tell(
            database,
            ENTERED,
            reached_at("late", 12, 12.0),
            early("zoo", 15.0),
            early("day", 15.0),
            now=clock.now,
        )
        heard = await everybody.has_heard(2)
        clock.now = NOW + dt.timedelta(hours=1, minutes=5)
        # They began before 13:00, when those two still wanted patrols.
        await tell(
            database, reached_at("late", 62, 12.0), reached_at("day", 65, 15.0), now=clock.now
        )
        heard = await everybody.has_heard(3)
    told = [(one["event"], one["plan"], one.get("minimum_minutes")) for one in heard]
    assert told == [
        ("entered", "day", 15.0),
        ("left_early", "day", None),
        ("target_reached", "day", None),
    ]


async def test_of_an_hour_in_which_nothing_is_wanted_no_minutes_are_told(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    clock.now = NOW + dt.timedelta(hours=2)
    async with telling(database, publisher, clock):
        await tell(database, Event("entered", clock.now, RADIO, PLACE), now=clock.now)
        [heard] = await everybody.has_heard(1)
    assert (heard["plan"], heard["minimum_minutes"]) == (None, None)


async def test_it_waits_for_a_broker_that_is_away_but_tells_nothing_stale(
    database: Database, mortal_broker: Mosquitto, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "PAUSE_S", 0.05)
    device = Device(mortal_broker.port, "+", protocol="3.1.1")
    async with (
        connected(mortal_broker.port) as connection,
        telling(database, connection, clock),
    ):
        await tell(database, ENTERED)
        await device.has_heard(1)
        await reached(database, 1)
        mortal_broker.stop()
        await tell(database, ENTERED)
        await asyncio.sleep(0.2)
        clock.now = NOW + 16 * MINUTE
        await tell(database, Event("entered", clock.now, PHONE, PLACE), now=clock.now)
        await asyncio.sleep(0.2)
        mortal_broker.start()
        await reached(database, 3)
        async with asyncio.timeout(LONG_S):
            while "phone" not in device.whom:  # noqa: ASYNC110 -- another thread appends
                await asyncio.sleep(0.02)
    # What the device had not acknowledged when the broker stopped comes once more, and says so.
    fresh = [whom for whom, one in zip(device.whom, device.heard, strict=True) if not one.dup]
    assert fresh == ["radio", "phone"]
    device.stop()


async def test_what_the_broker_refuses_holds_up_nothing(
    database: Database, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with letting(tmp_path, "topic read #\ntopic write beatkeeper/down/phone") as broker:
        async with (
            connected(broker.port) as connection,
            telling(database, connection, clock),
        ):
            await tell(database, ENTERED, Event("entered", NOW, PHONE, PLACE))
            await reached(database, 2)
    assert "refused a message on beatkeeper/down/radio" in caplog.text


async def test_the_next_goes_on_where_the_one_before_stopped(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    async with telling(database, publisher, clock):
        await tell(database, ENTERED)
        await reached(database, 1)
    await tell(database, Event("entered", NOW, PHONE, PLACE))
    async with telling(database, publisher, clock):
        await reached(database, 2)
    await everybody.has_heard(2)
    assert everybody.whom == ["radio", "phone"]


async def test_who_has_lost_the_turn_stops(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    async with telling(database, publisher, clock):
        async with database.write() as writer:
            await turns.release(writer, WORK, "a")
            assert await turns.take(writer, WORK, "b", MINUTE)
        await tell(database, ENTERED, Event("entered", NOW, PHONE, PLACE))
        await everybody.has_heard(1)
        await asyncio.sleep(0.3)
    assert everybody.whom == ["radio"]


async def test_the_first_that_comes_after_a_start_is_told_though_there_was_a_stop_between(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    await tell(database, Event("entered", NOW, PHONE, PLACE))
    async with telling(database, publisher, clock):
        pass
    await tell(database, ENTERED)
    async with telling(database, publisher, clock):
        await reached(database, 2)
    await everybody.has_heard(1)
    assert everybody.whom == ["radio"]


async def test_a_broker_that_acknowledges_nothing_holds_up_no_other_for_long(
    database: Database,
    mortal_broker: Mosquitto,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(mqtt, "PUBLISH_S", 0.1)
    async with (
        connected(mortal_broker.port) as connection,
        telling(database, connection, clock),
    ):
        assert mortal_broker.process is not None
        mortal_broker.process.send_signal(signal.SIGSTOP)
        await tell(database, ENTERED, Event("entered", NOW, PHONE, PLACE))
        await reached(database, 2)
        mortal_broker.process.send_signal(signal.SIGCONT)
    assert "did not acknowledge a message on beatkeeper/down/radio, 2 times" in caplog.text


async def test_whose_broker_is_away_leaves_it_to_one_whose_broker_is_there(
    database: Database, everybody: Device, publisher: Publisher, clock: Clock
) -> None:
    broker = connection_to(free_port())
    async with Live(database, look_every_s=0.05) as live:
        away = asyncio.create_task(Feedback(database, live, broker, clock.now_us).run("away"))
        await asyncio.sleep(0.2)
        there = asyncio.create_task(Feedback(database, live, publisher, clock.now_us).run("there"))
        await reached(database, 0)
        await tell(database, ENTERED)
        await everybody.has_heard(1)
        for task in (away, there):
            task.cancel()
        await asyncio.gather(away, there, return_exceptions=True)
