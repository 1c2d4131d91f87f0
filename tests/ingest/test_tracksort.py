"""Fixes in order of time, through runs on disk and windows of a bounded size."""

import resource
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from geofence.model import Fixes
from geofence.track import ordered
from ingest.trackfiles import FIX, TrackFixes
from ingest.tracksort import NoRoomError, TimeOrder


def fixes(times_us: list[int] | np.ndarray) -> TrackFixes:
    rows = np.zeros(len(times_us), FIX)
    rows["time_us"] = times_us
    rows["device"] = np.arange(len(times_us))  # tells which is which
    rows["lat"] = np.random.default_rng(0).uniform(-90, 90, len(rows))
    return rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def windows(rows: TrackFixes, run_fixes: int, window_fixes: int, block: int) -> list[TrackFixes]:
    with closing(TimeOrder(run_fixes, window_fixes)) as ordered:
        for start in range(0, len(rows), block):
            ordered.add(rows[start : start + block])
        assert ordered.count == len(rows)
        return list(ordered.windows())


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(("run_fixes", "window_fixes"), [(10_000, 10_000), (100, 50), (7, 3)])
def test_all_fixes_come_once_in_windows_that_follow_each_other(
    folder: Path, run_fixes: int, window_fixes: int, *, shuffled: bool
) -> None:
    rows = fixes(np.random.default_rng(1).integers(0, 500, 1000))
    rows = rows if shuffled else rows[np.argsort(rows["time_us"])]
    found = windows(rows, run_fixes, window_fixes, block=6)
    for one, other in pairwise(found):
        assert one["time_us"].max() < other["time_us"].min()
    together = np.concatenate(found)
    assert together[np.argsort(together["device"])].tolist() == (
        rows[np.argsort(rows["device"])].tolist()
    )


def test_windows_are_as_large_as_they_should_be_however_the_fixes_lie() -> None:
    random = np.random.default_rng(2)
    for times in (np.arange(20_000), random.permutation(20_000), random.zipf(1.5, 20_000) % 10**9):
        spread = fixes(times * 1000 + random.integers(0, 1000, len(times)))
        sizes = [len(window) for window in windows(spread, 2000, 1000, block=500)]
        assert max(sizes) <= 1100
        assert len(sizes) <= 25


def test_fixes_of_one_time_stay_together() -> None:
    sizes = [len(window) for window in windows(fixes([5] * 100 + [6] * 3), 10, 4, block=5)]
    assert sum(sizes) == 103
    assert max(sizes) == 100


@pytest.mark.parametrize(("run_fixes", "window_fixes"), [(10_000, 10_000), (10, 4)])
def test_of_a_device_and_time_the_best_fix_is_kept(run_fixes: int, window_fixes: int) -> None:
    rows = np.zeros(600, FIX)
    random = np.random.default_rng(3)
    for name, values in (
        ("device", [1, 2]),
        ("time_us", range(9)),
        ("lon", [1, 2]),
        ("lat", [1, 2]),
    ):
        rows[name] = random.choice(values, len(rows))
    rows["accuracy_m"] = random.choice([np.nan, -1.0, np.inf, 3.0, 7.0], len(rows))
    found = np.concatenate(windows(rows, run_fixes, window_fixes, block=5))
    fixes = Fixes(
        rows["device"].astype(np.int64),
        *(rows[name].copy() for name in ("time_us", "lon", "lat", "accuracy_m")),
    )
    kept = ordered(fixes)  # as the engine has it
    known = (found["accuracy_m"] >= 0.0) & np.isfinite(found["accuracy_m"])
    found["accuracy_m"][~known] = np.nan
    found = found[np.lexsort((found["time_us"], found["device"]))]
    for name in ("device", "time_us", "lon", "lat", "accuracy_m"):
        np.testing.assert_array_equal(found[name], getattr(kept, name))


def test_many_fixes_of_one_device_and_time_take_no_room() -> None:
    rows = np.zeros(1000, FIX)
    with closing(TimeOrder(run_fixes=100)) as in_time, no_file_above(20 * FIX.itemsize):
        for start in range(0, 1000, 50):
            in_time.add(rows[start : start + 50])
        assert [len(window) for window in in_time.windows()] == [1]


def test_a_temporary_file_that_cannot_be_read_again_is_told(folder: Path) -> None:
    with closing(TimeOrder(run_fixes=10)) as in_time:
        for start in range(0, 100, 10):
            in_time.add(fixes(np.arange(start, start + 10)))
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (1, hard))  # no memory may be mapped
        try:
            with pytest.raises(NoRoomError, match="temporary file cannot be read: Cannot allocate"):
                list(in_time.windows())
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_no_fixes_are_one_window_of_none() -> None:
    assert [len(window) for window in windows(fixes([]), 10, 10, block=1)] == [0]


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_nothing_is_written_where_all_fits(folder: Path) -> None:
    with no_file_above(0):
        assert len(np.concatenate(windows(fixes(np.arange(100)), 100, 10, block=10))) == 100


def test_what_is_written_has_no_name_and_is_gone_with_the_process(folder: Path) -> None:
    with closing(TimeOrder(run_fixes=30)) as ordered:
        for start in range(0, 100, 10):
            ordered.add(fixes(np.arange(start, start + 10)))
        assert sum(map(len, ordered.windows())) == 100
        assert list(folder.iterdir()) == []


def test_too_little_room_is_told_with_the_folder(folder: Path) -> None:
    with closing(TimeOrder(run_fixes=10)) as ordered, no_file_above(1000):
        for _ in range(3):
            ordered.add(fixes(np.arange(10)))
        with pytest.raises(NoRoomError, match=f"in {folder}: File too large"):
            ordered.add(fixes(np.arange(10)))


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    folder.rmdir()
    with closing(TimeOrder(run_fixes=1)) as ordered:
        ordered.add(fixes([1]))
        with pytest.raises(NoRoomError, match=f"in {folder}: No such file or directory"):
            ordered.add(fixes([2]))
