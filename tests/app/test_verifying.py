import asyncio
import datetime as dt
import hashlib
import json
from dataclasses import replace

import logged
import pytest
import sqlalchemy as sa

from app import verifying
from app.access.audit import Act, Whose
from app.sealing import Sealer
from app.storage import audit, audit_seals
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import to_us
from app.verifying import Known, verify

NOON_US = to_us(logged.AT)


async def sealed(database: Database, *batches: tuple[str, ...]) -> list[bytes]:
    """A log with a seal over each batch, made minute by minute; gives their hashes."""
    for minute, names in enumerate(batches, start=1):
        await logged.write(database, *names)
        await Sealer(database, lambda at=minute: NOON_US + at * 60_000_000).seal()
    rows = await logged.rows(database, "SELECT hash FROM audit_seals ORDER BY id")
    return [bytes(row[0]) for row in rows]  # type: ignore[call-overload]  # a column of bytes


async def tamper(database: Database, *statements: str) -> None:
    """Does what somebody does who has the whole database in their hands."""
    async with database.write() as writer:
        if database.dialect == "postgresql":
            await writer.execute(sa.text("SET LOCAL session_replication_role = replica"))
        else:
            found = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in (await writer.scalars(found)).all():
                await writer.execute(sa.text(f"DROP TRIGGER {name}"))
        for statement in statements:
            await writer.execute(sa.text(statement))


def by_the_recipe(before: bytes, seal: list[object], entries: list[list[object]]) -> bytes:
    """A seal's hash as `docs/audit.md` says, without any code of the service."""
    told = before
    for line in [seal, *entries]:
        told += json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return hashlib.sha256(told).digest()


async def test_anybody_can_work_out_the_hashes_by_the_recipe(database: Database) -> None:
    hashes = await sealed(database, ("A", "B"), ("C",))
    columns = "SELECT id, time, act, who, role, authority, origin, what, details, reason, rows"
    entries = [list(row) for row in await logged.rows(database, f"{columns} FROM audit")]
    for one in entries:
        one[1] = NOON_US
        one.append(["device 5", "officer 12", "officer 3"])
    first = by_the_recipe(bytes(32), [1, 1, 2, 2, NOON_US + 60_000_000], entries[:2])
    second = by_the_recipe(first, [2, 3, 3, 1, NOON_US + 120_000_000], entries[2:])
    assert hashes == [first, second]
    found = await verify(database)
    assert (found.broken, found.seals, found.unsealed) == (None, 2, 0)
    assert (found.head.seal.id, found.head.hash) == (2, second)


async def test_what_waits_for_its_seal_is_told_and_breaks_nothing(database: Database) -> None:
    await sealed(database, ("A",))
    await logged.write(database, "B", "C")
    found = await verify(database)
    assert (found.broken, found.unsealed) == (None, 2)
    # A process that seals at the same time finds nothing left, or its seal is the one.
    sealers = [Sealer(database, lambda: NOON_US + 9_000_000) for _ in range(3)]
    await asyncio.gather(*(one.seal() for one in sealers))
    found = await verify(database)
    assert (found.broken, found.unsealed, found.seals) == (None, 0, 2)


TAMPERED = {
    "altered": "UPDATE audit SET who = 'somebody else' WHERE id = 3",
    "at another time": "UPDATE audit SET time = (SELECT max(sealed) FROM audit_seals) WHERE id = 3",
    "of others": "UPDATE audit_whose SET ref = 4 WHERE audit_id = 3 AND ref = 12",
    "of more": "INSERT INTO audit_whose VALUES (3, 'team', 1)",
    "without a reason": "UPDATE audit SET reason = NULL WHERE id = 3",
    "missing": "DELETE FROM audit WHERE id = 3",
    "inserted": "INSERT INTO audit SELECT -1, time, act, who, role, authority, origin, what, "
    "details, reason, rows FROM audit WHERE id = 3",
    "reordered": "UPDATE audit SET id = CASE id WHEN 3 THEN -4 ELSE 3 END WHERE id IN (3, 4)",
    "under another seal": "UPDATE audit_seals SET last = 5 WHERE id = 2",
}
WHERE = {"inserted": "seal 1, "}


@pytest.mark.parametrize("how", TAMPERED)
async def test_whoever_tampers_is_found_where_they_did(how: str, database: Database) -> None:
    await sealed(database, ("A", "B"), ("C", "D"), ("E",))
    await tamper(database, TAMPERED[how])
    found = await verify(database)
    assert found.broken is not None
    assert found.broken.startswith(WHERE.get(how, "seal 2, ")) or how == "reordered"
    assert found.head.seal.id == 3


async def test_a_missing_seal_is_named(database: Database) -> None:
    await sealed(database, ("A",), ("B",), ("C",))
    await tamper(database, "DELETE FROM audit_seals WHERE id = 2")
    assert (await verify(database)).broken == "seal 2 is missing"


async def test_a_head_kept_elsewhere_finds_a_log_cut_off_or_written_anew(
    database: Database,
) -> None:
    hashes = await sealed(database, ("A",), ("B",), ("C",))
    kept = Known(3, hashes[2])
    assert (await verify(database, kept)).broken is None
    await tamper(database, "DELETE FROM audit WHERE id = 3", "DELETE FROM audit_seals WHERE id = 3")
    assert (await verify(database)).broken is None
    found = await verify(database, kept)
    assert found.broken == "seal 3 is missing: the end of the log was cut off"
    await logged.write(database, "somebody else")
    await Sealer(database, lambda: NOON_US + 180_000_000).seal()
    found = await verify(database, kept)
    assert found.broken is not None
    assert "written anew" in found.broken


async def test_a_check_may_begin_with_a_later_seal(database: Database) -> None:
    await sealed(database, ("A",), ("B",), ("C",))
    await tamper(database, "UPDATE audit SET who = 'X' WHERE id = 1")
    assert (await verify(database, Known(2))).broken is None
    assert (await verify(database)).broken is not None


REPLACED = [
    "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE id = 1",
    "REPLACE INTO audit_whose SELECT * FROM audit_whose",
    "INSERT OR REPLACE INTO audit_seals SELECT * FROM audit_seals",
]
REFUSED = [
    "UPDATE audit SET who = 'somebody else'",
    "UPDATE audit_whose SET ref = 1",
    "UPDATE audit_seals SET entries = 1",
    "DELETE FROM audit",
    "DELETE FROM audit_whose",
    "DELETE FROM audit_seals",
    "INSERT INTO audit_expiry VALUES (1, (SELECT max(sealed) FROM audit_seals), 99)",
    # The newest seal's own entries.
    "INSERT INTO audit_expiry VALUES (1, (SELECT max(sealed) FROM audit_seals), 2)",
]
FUTURE = {
    "sqlite": "INSERT INTO audit_expiry SELECT 1, max(sealed) + 1, 1 FROM audit_seals",
    "postgresql": "INSERT INTO audit_expiry SELECT 1, 'infinity', 1 FROM audit_seals LIMIT 1",
}


async def test_the_tables_refuse_to_change(database: Database) -> None:
    await sealed(database, ("A",), ("B",))
    truncated = [f"TRUNCATE {table}" for table in ("audit", "audit_whose", "audit_seals")]
    more = truncated if database.dialect == "postgresql" else REPLACED
    for statement in [*REFUSED, *more, FUTURE[database.dialect]]:
        with pytest.raises((DatabaseUnavailable, sa.exc.DBAPIError), match="only grows"):
            await logged.execute(database, statement)
    assert (await verify(database)).broken is None


DAY = dt.timedelta(days=1)


async def expire(
    database: Database, before: dt.datetime, now: dt.datetime, most: int = 5_000
) -> int:
    by = replace(logged.LOOK, who="root", reason="old", whose=Whose())
    async with database.write() as writer:
        assert await audit_seals.may_expire(writer)
        return await audit_seals.expire(writer, before, by, now, most)


async def test_entries_past_the_logs_own_period_go_seal_by_seal_and_the_chain_holds(
    database: Database,
) -> None:
    await sealed(database, ("A", "B"), ("C",), ("D",))
    before, later = logged.AT + dt.timedelta(minutes=2, seconds=30), logged.AT + DAY
    assert [await expire(database, before, later, most=2) for _ in range(3)] == [2, 1, 0]
    (told, again) = (await verify(database)).expiries
    assert (told.who, told.reason, told.entries, again.through) == ("root", "old", 2, 2)
    await Sealer(database, lambda: to_us(later) + 60_000_000).seal()
    found = await verify(database)
    assert (found.broken, found.seals, found.expired) == (None, 4, 2)
    kept = await logged.rows(database, "SELECT act, who FROM audit ORDER BY id")
    assert kept == [("consultation", "D"), *[("erasure", "root")] * 2]
    whose = await logged.rows(database, "SELECT DISTINCT audit_id FROM audit_whose")
    assert whose == [(4,)]
    # What was not due is not to go that way either.
    await tamper(database, "DELETE FROM audit WHERE id = 4")
    assert "seal 3" in str((await verify(database)).broken)


async def test_the_newest_seal_keeps_its_entries_whatever_moment_is_named(
    database: Database,
) -> None:
    await sealed(database, ("A", "B"), ("C",))
    far = logged.AT + 1000 * DAY
    assert [await expire(database, far, far) for _ in range(2)] == [2, 0]
    assert (await verify(database)).broken is None
    async with database.read() as reader:
        assert not await audit_seals.due(reader, far)


FORGED = {
    "of later seals": {"through_seal": "2", "before": "2026-01-15T12:02:00+00:00"},
    "of the future": {"through_seal": "2", "before": "2100-01-01T00:00:00+00:00"},
    "of nothing": {"through": "2"},
}


@pytest.mark.parametrize("how", FORGED)
async def test_nobody_excuses_what_is_missing_by_an_entry_that_the_service_never_makes(
    how: str, database: Database
) -> None:
    await sealed(database, ("A",), ("B",))
    await tamper(database, "DELETE FROM audit_whose", "DELETE FROM audit WHERE id = 2")
    forged = replace(
        logged.LOOK, act=Act.ERASURE, what=audit_seals.EXPIRED, details=FORGED[how], rows=1
    )
    async with database.write() as writer:
        await audit.write(writer, [forged], logged.AT + DAY)
    await tamper(database, "DELETE FROM audit WHERE id = 1")
    found = await verify(database)
    assert found.broken is not None
    assert "entries are missing" in found.broken


async def test_a_check_reads_some_entries_at_once_and_finds_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "_ENTRIES_AT_ONCE", 2)
    await sealed(database, ("A",), ("B", "C", "D"), ("E",), ("F",), ("G",))
    found = await verify(database)
    assert (found.broken, found.seals) == (None, 5)
    await tamper(database, "UPDATE audit SET who = 'X' WHERE id = 6")
    assert str((await verify(database)).broken).startswith("seal 4, ")
