import asyncio
import datetime as dt

import pytest
from people_given import ANALYST, HOUR, NOW, staff

from app.access.viewer import OPERATOR, Role, Viewer
from app.compliance.duty import NOBODY
from app.storage import abstractions, devices, duty, people
from app.storage.abstractions import Abstraction
from app.storage.duty import DutyTime
from app.storage.engine import Database
from app.storage.errors import AllRefused, NotFound
from app.storage.pages import Slice
from app.storage.types import to_us


def on_duty(officer: str, start: int, end: int) -> DutyTime:
    return DutyTime(officer, NOW + start * HOUR, NOW + end * HOUR)


def taken_off(start: int, end: int, reason: str, **whom: str) -> Abstraction:
    return Abstraction(NOW + start * HOUR, NOW + end * HOUR, reason, **whom)


async def add(database: Database, *given: DutyTime, now: dt.datetime = NOW) -> list[int]:
    async with database.write() as writer:
        return await duty.create(writer, given, now)


async def test_duty_times_are_stored_once_and_may_overlap(database: Database) -> None:
    await staff(database)
    first = await add(database, on_duty("1", 0, 8), on_duty("1", 4, 9), on_duty("1", 0, 8))
    again = await add(database, on_duty("2", 0, 8), on_duty("1", 4, 9), now=NOW + HOUR)
    assert first[0] == first[2] != first[1] == again[1]
    async with database.read() as reader:
        found = await duty.columns(reader, ANALYST, NOW, NOW + 10 * HOUR, NOW + HOUR)
        late = await duty.columns(reader, ANALYST, NOW + 8 * HOUR, NOW + 10 * HOUR, NOW + HOUR)
        before = await duty.columns(reader, ANALYST, NOW, NOW + 10 * HOUR, NOW)
    assert found.officer.tolist() == [1, 1, 2]
    assert found.start_us.tolist() == [to_us(NOW + n * HOUR) for n in (0, 4, 0)]
    assert (late.officer.tolist(), late.end_us.tolist()) == ([1], [to_us(NOW + 9 * HOUR)])
    assert before.officer.tolist() == [1, 1]


async def test_the_same_sent_twice_at_once_is_stored_once(database: Database) -> None:
    await staff(database)
    answers = await asyncio.gather(*(add(database, on_duty("1", 0, 8)) for _ in range(4)))
    assert answers == [answers[0]] * 4


async def test_those_who_store_others_meanwhile_need_not_wait(postgis_url: str) -> None:
    database = Database(postgis_url)
    try:
        await staff(database)
        async with database.write() as writer, asyncio.timeout(20):
            await duty.create(writer, [on_duty("1", 0, 8)], NOW)
            await add(database, on_duty("1", 0, 9))
    finally:
        await database.close()


async def test_of_a_list_with_faults_none_is_stored_and_each_is_named(database: Database) -> None:
    await staff(database)
    with pytest.raises(AllRefused) as caught:
        await add(database, on_duty("1", 0, 8), on_duty("9", 8, 8), on_duty("2", 8, 7))
    assert [(index, fault.where) for index, fault in caught.value.faults] == [
        (1, "officer"),
        (1, "end"),
        (2, "end"),
    ]
    assert str(caught.value).startswith("1.officer: there is no officer '9'; 1.end: ")
    async with database.read() as reader:
        assert not (await duty.page(reader, OPERATOR, duty.Wanted(), Slice(9))).items


async def test_nobody_is_on_duty_for_more_than_a_week(database: Database) -> None:
    await staff(database)
    assert len(await add(database, on_duty("1", 0, 7 * 24))) == 1
    with pytest.raises(AllRefused, match=r"0\.end: it is 365 days after start") as caught:
        await add(database, on_duty("1", 0, 365 * 24), on_duty("2", 0, 7 * 24 + 1))
    assert [(index, fault.where) for index, fault in caught.value.faults] == [
        (0, "end"),
        (1, "end"),
    ]
    reason = abstractions.Abstraction(NOW, NOW + 365 * 24 * HOUR, "a new office")
    async with database.write() as writer:
        assert len(await abstractions.create(writer, [reason], NOW)) == 1


async def test_a_duty_time_that_is_taken_back_was_held_true_until_then(database: Database) -> None:
    await staff(database)
    (id_,) = await add(database, on_duty("1", 0, 8))
    async with database.write() as writer:
        await duty.withdraw(writer, id_, NOW + HOUR)
        with pytest.raises(NotFound, match=f"there is no duty time {id_}"):
            await duty.withdraw(writer, id_, NOW + HOUR)
    async with database.read() as reader:
        for as_at, held in ((NOW, [1]), (NOW + HOUR, [])):
            found = await duty.columns(reader, ANALYST, NOW, NOW + HOUR, as_at)
            assert found.officer.tolist() == held
    assert await add(database, on_duty("1", 0, 8), now=NOW + 2 * HOUR) != [id_]


async def test_more_officers_than_a_query_can_name_are_found(database: Database) -> None:
    await staff(database)
    unknown = [on_duty(f"X{n}", 0, 8) for n in range(40_000)]
    with pytest.raises(AllRefused) as caught:
        await add(database, on_duty("1", 0, 8), *unknown)
    assert len(caught.value.faults) == len(unknown)
    assert str(caught.value).endswith("; and 39995 more")


async def test_abstractions_are_of_an_officer_a_team_or_everybody(database: Database) -> None:
    await staff(database)
    given = [
        taken_off(0, 4, "Halloween"),
        taken_off(1, 2, "court", officer="2"),
        taken_off(2, 3, "roads", team="North"),
        taken_off(0, 4, "Halloween"),
    ]
    async with database.write() as writer:
        ids = await abstractions.create(writer, given, NOW)
    assert ids[3] == ids[0]
    async with database.read() as reader:
        found = await abstractions.columns(reader, ANALYST, NOW, NOW + 3 * HOUR, NOW)
        part = await abstractions.columns(reader, ANALYST, NOW + 3 * HOUR, NOW + 4 * HOUR, NOW)
        north = Viewer("x", Role.SUPERVISOR, team_ids=frozenset({1}))
        seen = await abstractions.page(reader, north, None, None, Slice(9))
    assert found.officer.tolist() == [NOBODY, 2, NOBODY]
    assert found.team.tolist() == [NOBODY, NOBODY, 1]
    assert [found.reasons[n] for n in found.reason] == ["Halloween", "court", "roads"]
    assert (part.officer.tolist(), part.reasons) == ([NOBODY], ("Halloween",))
    # Officer 2 is in the other team.
    assert [one.reason for one in seen.items] == ["Halloween", "roads"]


async def test_abstractions_with_faults_are_named_one_by_one(database: Database) -> None:
    await staff(database)
    given = [
        taken_off(0, 4, "court", officer="9"),
        taken_off(0, 4, "court", team="West"),
        taken_off(0, 4, "court", officer="1", team="North"),
        taken_off(4, 0, "court"),
    ]
    async with database.write() as writer:
        with pytest.raises(AllRefused) as caught:
            await abstractions.create(writer, given, NOW)
    assert [(index, fault.where) for index, fault in caught.value.faults] == [
        (0, "officer"),
        (1, "team"),
        (2, "team"),
        (3, "end"),
    ]


async def test_people_and_devices_come_as_columns(database: Database) -> None:
    await staff(database)
    async with database.write() as writer:
        for name, kind in (("r", "radio"), ("p", "phone"), ("s", "radio")):
            device = devices.Device(name, kind, kind)
            await devices.create(writer, device, name.encode(), NOW)
    async with database.read() as reader:
        officers = await people.columns(reader, ANALYST, NOW)
        found = await devices.columns(reader, ANALYST)
    assert officers.officer.tolist() == [1, 2, 3]
    assert officers.team.tolist() == [1, 2, NOBODY]
    assert [officers.organisations[n] for n in officers.organisation] == [
        "police",
        "police",
        "council",
    ]
    assert [found.kinds[n] for n in found.kind] == ["radio", "phone", "radio"]
