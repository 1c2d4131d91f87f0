import datetime as dt

import pytest
from people_given import ANALYST, HOUR, NOW, staff
from shapely import box

from app.access.viewer import OPERATOR, Role, Viewer
from app.storage import answers, briefings, hotspots
from app.storage.answers import Answer
from app.storage.briefings import Words
from app.storage.engine import Database
from app.storage.errors import Conflict, NotFound
from app.storage.hotspots import HotspotVersion
from app.storage.pages import Slice

DAY = dt.date(2026, 1, 15)
OFFICERS = {number: Viewer(f"{number}", Role.OFFICER, officer_id=number) for number in (1, 2)}


@pytest.fixture
async def held(database: Database) -> Database:
    """Two hot spots and three officers."""
    await staff(database)
    versions = [HotspotVersion(key, key, box(0, 0, 1, 1), 0, NOW) for key in ("HS1", "HS2")]
    async with database.write() as writer:
        await hotspots.put(writer, versions, NOW)
    return database


async def say(
    database: Database, officer: int, hotspot: int, reason: str, now: dt.datetime = NOW
) -> int:
    said = Answer("autumn", f"HS{hotspot}", DAY, "late", reason)
    async with database.write() as writer:
        return await answers.put(writer, OFFICERS[officer], said, hotspot, now)


async def test_another_reason_replaces_an_answer_the_same_does_not(held: Database) -> None:
    first = await say(held, 1, 1, "custody")
    assert await say(held, 1, 1, "custody", NOW + HOUR) == first
    assert await say(held, 1, 1, "a fire", NOW + 2 * HOUR) != first
    await say(held, 2, 2, "court", NOW + 3 * HOUR)
    async with held.read() as reader:
        wanted = answers.Wanted("autumn", DAY)
        pages = [await answers.page(reader, OFFICERS[n], wanted, Slice(9)) for n in (1, 2)]
        early = await answers.columns(reader, ANALYST, "autumn", DAY, DAY, as_at=NOW)
        late = await answers.columns(reader, ANALYST, "autumn", DAY, DAY, as_at=NOW + 3 * HOUR)
        other = await answers.columns(reader, ANALYST, "other", DAY, DAY, as_at=NOW + 3 * HOUR)
    # Each sees that both answered, and of whom they see why.
    assert [
        [(one.hotspot, one.reason, one.officer and one.officer.number) for one in page.items]
        for page in pages
    ] == [
        [("HS1", "a fire", "1"), ("HS2", None, None)],
        [("HS1", None, None), ("HS2", "court", "2")],
    ]
    assert (early.hotspot.tolist(), early.day.tolist()) == ([1], [DAY.toordinal()])
    assert (late.hotspot.tolist(), late.windows) == ([1, 2], ("late",))
    assert not len(other.hotspot)


async def test_only_who_gave_an_answer_takes_it_back(held: Database) -> None:
    id_ = await say(held, 1, 1, "custody")
    async with held.write() as writer:
        with pytest.raises(NotFound, match=f"there is no answer {id_} of yours"):
            await answers.withdraw(writer, OFFICERS[2], id_, NOW + HOUR)
        await answers.withdraw(writer, OFFICERS[1], id_, NOW + HOUR)
    async with held.read() as reader:
        assert not (await answers.page(reader, ANALYST, answers.Wanted(), Slice(9))).items
        kept = await answers.columns(reader, ANALYST, "autumn", DAY, DAY, as_at=NOW)
    assert len(kept.hotspot) == 1


async def test_a_briefing_is_read_until_its_text_changes(held: Database) -> None:
    text, other = Words("Walk", "Thefts"), Words("Walk", "Burglary")
    async with held.write() as writer:
        assert await briefings.put(writer, {1: text, 2: text}, NOW) == 2
        await briefings.read(writer, OFFICERS[1], 1, None, NOW + HOUR)
        await briefings.read(writer, OFFICERS[1], 1, None, NOW + 2 * HOUR)
        assert await briefings.put(writer, {1: text, 2: other}, NOW + 3 * HOUR) == 1
        read = await briefings.one(writer, OFFICERS[1], 1)
        assert read.read == NOW + HOUR
        assert (await briefings.one(writer, OFFICERS[2], 1)).read is None
        assert await briefings.put(writer, {1: other}, NOW + 4 * HOUR) == 1
        assert (await briefings.one(writer, OFFICERS[1], 1)).read is None
        with pytest.raises(Conflict, match="has been changed"):
            await briefings.read(writer, OFFICERS[1], 1, read.id, NOW + 4 * HOUR)


async def test_who_has_read_a_briefing_is_told_of_those_whom_one_sees(held: Database) -> None:
    north = Viewer("x", Role.SUPERVISOR, team_ids=frozenset({1}))
    async with held.write() as writer:
        await briefings.put(writer, {1: Words("Walk", "")}, NOW)
        await briefings.read(writer, OFFICERS[2], 1, None, NOW + HOUR)
    async with held.read() as reader:
        every = await briefings.readers(reader, OPERATOR, 1, Slice(9))
        some = await briefings.readers(reader, north, 1, Slice(9))
        with pytest.raises(NotFound, match="no briefing"):
            await briefings.readers(reader, OPERATOR, 2, Slice(9))
    assert [(one.number, one.read) for one in every.items] == [
        ("1", None),
        ("2", NOW + HOUR),
        ("3", None),
    ]
    assert [one.number for one in some.items] == ["1"]
