"""What waits in a spool, or could not be read, and what is said of it."""

import datetime as dt
from pathlib import Path

import pytest

from app.doctor.finding import Finding, Status
from app.doctor.kept import Spool, check_chores, check_erasures, check_spool, check_unusable
from app.storage.chores import Chore


def told(folder: Path, limit_bytes: int = 1000) -> list[Finding]:
    room, *found = check_spool(Spool(folder, limit_bytes))
    assert room.check == "disk"
    return found


def test_a_spool_not_made_yet_has_only_its_disk_to_look_at(tmp_path: Path) -> None:
    assert told(tmp_path / "none" / "db.spool") == []


def test_a_spool_in_which_nothing_waits_is_well(tmp_path: Path) -> None:
    (tmp_path / "1.lock").touch()
    [finding] = told(tmp_path)
    assert finding.status is Status.OK


@pytest.mark.parametrize(("size", "status"), [(300, Status.LOOK), (600, Status.BROKEN)])
def test_messages_that_wait_are_told_of_with_how_full_it_is(
    tmp_path: Path, size: int, status: Status
) -> None:
    (tmp_path / "1.000001.spool").write_bytes(bytes(size))
    [finding] = told(tmp_path)
    assert finding.status is status
    assert f"{size // 10}% of what it may hold" in finding.says


def test_files_that_could_not_be_read_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "1.000001.damaged").write_bytes(b"x")
    waiting, damaged = told(tmp_path)
    assert waiting.status is Status.OK
    assert damaged.says == "1 file of the spool could not be read to the end."


def test_no_unusable_message_is_well() -> None:
    [finding] = check_unusable([], 24)
    assert finding.status is Status.OK


NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("done", "status"),
    [
        (NOON - dt.timedelta(hours=5), Status.OK),
        (NOON - dt.timedelta(hours=6), Status.LOOK),
        (None, Status.LOOK),
    ],
)
def test_retention_that_was_not_kept_to_lately_is_told_of(
    done: dt.datetime | None, status: Status
) -> None:
    [finding] = check_chores([Chore("retention", NOON, done, "fixes could not go: lock")], NOON)
    assert finding.status is status
    assert "fixes could not go: lock" in finding.says


def test_erasures_that_are_not_done_are_told_of() -> None:
    assert check_erasures([]) == []
    [finding] = check_erasures([("PC 7", NOON)])
    assert finding.status is Status.LOOK
    assert "Erasing officer PC 7 is not done" in finding.says


def test_where_no_service_ran_there_is_nothing_to_say_of_retention() -> None:
    [finding] = check_chores([], NOON)
    assert finding.status is Status.NOTE
