"""Webhooks from the table of events to a receiver's door."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network

import logged
import pytest
from callers import Clock
from happenings import NOW, PLACE, RADIO, enrolled, numbered, tell
from receiving import Receiver, receiving
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app import webhooks as delivery
from app.access.secrets import new_signing_secret
from app.access.viewer import Role, Viewer
from app.destinations import Destinations
from app.live import Live
from app.storage import webhooks
from app.storage.engine import Database
from app.storage.events import Event
from app.storage.pages import Slice
from app.storage.webhooks import NewWebhook, State, Webhook
from app.webhooks import Failed, Webhooks, after_failure

ADMINISTRATOR = Viewer("admin", Role.ADMINISTRATOR)
LONG_S = 20.0
HERE = Destinations([ip_network("127.0.0.0/8")])
SECRET = new_signing_secret()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with enrolled(database_url) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(delivery, "LOOK_EVERY_S", 0.05)
    return Clock(NOW)


async def make(database: Database, url: str, **more: object) -> int:
    async with database.write() as writer:
        return await webhooks.create(writer, NewWebhook("x", url, **more), SECRET, NOW)


async def stored(database: Database) -> list[Webhook]:
    async with database.read() as reader:
        return list((await webhooks.page(reader, ADMINISTRATOR, Slice(100))).items)


async def until(
    database: Database, condition: Callable[[State], object], *, number: int = 0
) -> State:
    """The state of a webhook once it is so."""
    async with asyncio.timeout(LONG_S):
        while not condition(state := (await stored(database))[number].state):  # noqa: ASYNC110 -- only the database tells of it
            await asyncio.sleep(0.02)
    return state


@asynccontextmanager
async def delivering(
    database: Database, clock: Clock, *, people: bool = False, patience_s: float = 10.0
) -> AsyncIterator[None]:
    async with Live(database, look_every_s=0.05) as live:
        sender = Webhooks(database, live, clock.now_us, HERE, people=people, patience_s=patience_s)
        task = asyncio.create_task(sender.deliver())
        yield
        task.cancel()
        # It has ended by itself where there is no webhook any more.
        with suppress(asyncio.CancelledError):
            await task


async def test_what_happens_is_sent_signed_and_in_order(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    await tell(database, *numbered(["before"]))
    # The verifier goes by the time there is.
    clock.now = dt.datetime.now(dt.UTC)
    # What it was made for, before the service was set to name nobody, it is not told either.
    await make(database, receiver.url(), people=True)
    async with delivering(database, clock):
        for detail in "abc":
            await tell(database, *numbered(detail))
        await receiver.until(lambda: len(receiver.deliveries) == 3)
        await until(database, lambda state: state.position == 4)
    assert receiver.ids == ["2", "3", "4"]
    for one in receiver.deliveries:
        assert Verifier(SECRET).verify(one.body, one.headers) == one.told
        assert "device" not in one.told["data"]
        with pytest.raises(WebhookVerificationError):
            Verifier(new_signing_secret()).verify(one.body, one.headers)
    assert receiver.deliveries[0].headers["content-type"] == "application/json"


async def test_nobody_is_named_unless_people_are_wanted(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    await make(database, receiver.url("/places"), kinds=("left", "emergency", "target_reached"))
    await make(database, receiver.url("/people"), people=True)
    visit = NOW - dt.timedelta(minutes=12)
    minutes = {"minutes": 10.5, "minimum": 10}
    async with delivering(database, clock, people=True):
        await tell(
            database,
            Event("emergency", NOW, RADIO, detail="PC Example calls"),
            Event("gps_lost", NOW, RADIO),
            Event("target_reached", NOW, RADIO, PLACE, plan="late", data=minutes),
            Event("left", NOW, RADIO, PLACE, "fell silent", visit=visit),
        )
        await receiver.until(lambda: len(receiver.deliveries) == 7)
    places = [one.told for one in receiver.deliveries if one.path == "/places"]
    assert places[0] == {
        "type": "emergency",
        "timestamp": "2026-01-15T12:00:00Z",
        "data": {
            "id": 1,
            "stored": "2026-01-15T12:00:00Z",
            "hotspot": None,
            "visit": None,
            "plan": None,
            "data": None,
            "detail": None,
        },
    }
    assert [one["type"] for one in places] == ["emergency", "target_reached", "left"]
    assert places[1]["data"]["plan"] == "late"
    assert places[1]["data"]["data"] == minutes
    assert places[2]["data"]["detail"] == "fell silent"
    assert places[2]["data"]["visit"] == "2026-01-15T11:48:00Z"
    people = [one.told for one in receiver.deliveries if one.path == "/people"]
    assert [one["type"] for one in people] == ["emergency", "gps_lost", "target_reached", "left"]
    assert people[0]["data"]["detail"] == "PC Example calls"
    assert all(one["data"]["device"] == "radio" for one in people)
    assert all(one["data"]["officers"] == ["2"] for one in people)
    told = "SELECT DISTINCT act, what, kind FROM audit JOIN audit_whose ON audit_id = audit.id"
    assert sorted(await logged.rows(database, told)) == [
        ("disclosure", "webhook 2", "device"),
        ("disclosure", "webhook 2", "officer"),
    ]


async def test_what_was_history_when_it_came_is_not_sent(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    await make(database, receiver.url())
    async with delivering(database, clock):
        old = Event("entered", NOW - dt.timedelta(minutes=16), RADIO, PLACE)
        await tell(database, old, *numbered(["now"]))
        await receiver.until(lambda: receiver.deliveries)
    assert [one.told["type"] for one in receiver.deliveries] == ["emergency"]


async def test_what_is_not_taken_is_sent_again_in_its_turn(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [500, 302, 429]
    await make(database, receiver.url())
    async with delivering(database, clock):
        await tell(database, *numbered("ab"))
        for attempts, error, wait_s in [
            (1, "answered 500 So", 5),
            (2, "answered 302 So", 30),
            (3, "answered 429 So", 120),
        ]:
            state = await until(database, lambda state, n=attempts: state.attempts == n)
            assert (state.error, state.position, state.failing) == (error, 0, NOW)
            assert state.next_attempt == clock.now + dt.timedelta(seconds=wait_s)
            await asyncio.sleep(0.15)
            assert receiver.ids == ["1"] * attempts
            clock.now = state.next_attempt
        await receiver.until(lambda: len(receiver.deliveries) == 5)
        assert await until(database, lambda state: state.position == 2) == State(2)
    assert receiver.ids == ["1"] * 4 + ["2"]
    # Nobody followed it elsewhere; each attempt has a time of its own.
    assert {one.path for one in receiver.deliveries} == {"/hook"}
    times = [int(one.headers["webhook-timestamp"]) for one in receiver.deliveries]
    assert [time - times[0] for time in times] == [0, 5, 35, 155, 155]


async def test_one_that_hangs_and_one_that_is_not_there_hold_up_no_other(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    async with receiving() as hanging:
        hanging.answers = [None]
        await make(database, hanging.url())
        await make(database, "http://127.0.0.1:9/")
        await make(database, "http://nowhere.invalid:80/")
        await make(database, receiver.url())
        async with delivering(database, clock, patience_s=1.0):
            await tell(database, *numbered("abc"))
            await receiver.until(lambda: len(receiver.deliveries) == 3)
            assert hanging.ids == ["1"]
            assert (await stored(database))[0].state.attempts == 0
            async with asyncio.timeout(LONG_S):
                await hanging.gone.wait()
            errors = [
                (await until(database, lambda state: state.attempts, number=n)).error or ""
                for n in range(3)
            ]
    assert errors[0] == "no answer within 1 s"
    assert errors[1].startswith("ConnectError")
    assert errors[2].startswith("ConnectError")


async def test_who_says_gone_is_not_asked_again(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [410]
    await make(database, receiver.url())
    async with delivering(database, clock):
        await tell(database, *numbered("ab"))
        state = await until(database, lambda state: state.revoked)
        clock.now += dt.timedelta(days=1)
        await asyncio.sleep(0.2)
    assert (state.revoked, state.error) == (NOW, "answered 410 So")
    assert receiver.ids == ["1"]


async def test_what_fails_for_a_day_is_given_up_and_the_rest_goes_on(
    database: Database, receiver: Receiver, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500, 500]
    await make(database, receiver.url())
    async with delivering(database, clock):
        await tell(database, *numbered(["poison"]))
        await until(database, lambda state: state.attempts == 1)
        clock.now += dt.timedelta(hours=24)
        await tell(database, *numbered("b", clock.now), now=clock.now)
        await receiver.until(lambda: len(receiver.deliveries) == 3)
        assert await until(database, lambda state: state.position == 2) == State(2)
    assert receiver.ids == ["1", "1", "2"]
    assert "webhook 1: events 1 to 1 are given up: answered 500 So" in caplog.text


async def test_a_webhook_that_fails_for_three_days_is_revoked(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [500, 500]
    await make(database, receiver.url())
    async with delivering(database, clock):
        await tell(database, *numbered("a"))
        await until(database, lambda state: state.attempts == 1)
        clock.now += dt.timedelta(days=3)
        state = await until(database, lambda state: state.revoked)
    assert (state.revoked, state.error) == (clock.now, "answered 500 So")


def test_attempts_become_rarer_and_never_end_by_themselves() -> None:
    state, now, waited = State(7), NOW, []
    for _ in range(8):
        state = after_failure(state, Failed("no"), now)
        assert state.next_attempt is not None
        waited.append((state.next_attempt - now).total_seconds())
        now = state.next_attempt
    assert waited == [5, 30, 120, 600, 1800, 3600, 3600, 3600]
    assert (state.position, state.attempts, state.failing, state.revoked) == (7, 8, NOW, None)
    last = NOW + dt.timedelta(days=3)
    assert after_failure(state, Failed("no"), last - dt.timedelta.resolution).revoked is None
    assert after_failure(state, Failed("no"), last).revoked == last


async def test_a_sender_that_ends_in_the_middle_is_followed_by_one_that_goes_on_there(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [204, None]
    await make(database, receiver.url())
    async with delivering(database, clock):
        await tell(database, *numbered("abc"))
        await receiver.until(lambda: len(receiver.deliveries) == 2)
    async with delivering(database, clock):
        await receiver.until(lambda: len(receiver.deliveries) == 4)
    # What may have been taken comes again, by the same id.
    assert receiver.ids == ["1", "2", "2", "3"]


async def test_two_senders_at_once_leave_nothing_out(
    database: Database, database_url: str, receiver: Receiver, clock: Clock
) -> None:
    elsewhere = Database(database_url)
    await make(database, receiver.url())
    async with delivering(database, clock), delivering(elsewhere, clock):
        await tell(database, *numbered(range(20)))
        await until(database, lambda state: state.position == 20)
    assert list(dict.fromkeys(receiver.ids)) == [str(i) for i in range(1, 21)]
    await elsewhere.close()


async def test_what_a_webhook_does_not_want_is_passed_for_good(
    database: Database, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PASSED", 30)
    monkeypatch.setattr(delivery, "AT_ONCE", 10)
    await make(database, receiver.url(), kinds=("hotspot_overdue",))
    async with delivering(database, clock):
        await tell(database, *numbered(range(59)))
        await until(database, lambda state: state.position >= 30)
        await tell(database, Event("hotspot_overdue", NOW, None, PLACE, plan="late"))
        await receiver.until(lambda: receiver.deliveries)
        await until(database, lambda state: state.position == 60)
    assert receiver.ids == ["60"]


async def test_a_webhook_that_was_revoked_is_sent_nothing(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    webhook_id = await make(database, receiver.url("/revoked"))
    await make(database, receiver.url())
    async with delivering(database, clock):
        async with database.write() as writer:
            await webhooks.revoke(writer, webhook_id, NOW)
        await asyncio.sleep(0.2)
        await tell(database, *numbered("a"))
        await receiver.until(lambda: receiver.deliveries)
        await until(database, lambda state: state.position == 1, number=1)
    assert [one.path for one in receiver.deliveries] == ["/hook"]


async def test_a_webhook_that_is_revoked_meanwhile_is_sent_nothing_more(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    webhook_id = await make(database, receiver.url())
    await tell(database, *numbered(range(500)))
    async with delivering(database, clock):
        await receiver.until(lambda: receiver.deliveries)
        async with database.write() as writer:
            await webhooks.revoke(writer, webhook_id, NOW)
        sent = len(receiver.deliveries)
        await asyncio.sleep(0.3)
        # One may have been on its way.
        assert len(receiver.deliveries) <= sent + 1 < 500


async def test_who_is_far_behind_is_sent_all_of_it_without_a_pause(
    database: Database, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LOOK_EVERY_S", LONG_S)
    monkeypatch.setattr(delivery, "AT_ONCE", 2)
    await make(database, receiver.url(), kinds=("emergency",))
    left = [Event("left", NOW, RADIO, PLACE)] * 3
    await tell(database, *numbered("ab"), *left, *numbered("cd"), *left, *numbered("e"))
    async with delivering(database, clock):
        await receiver.until(lambda: len(receiver.deliveries) == 5, within_s=LONG_S / 2)
    assert receiver.ids == ["1", "2", "6", "7", "11"]
