"""The table of `beatkeeper dwell`, and its files."""

import json
import resource
from pathlib import Path

import polars as pl
import pytest

from app.cli.dwell_table import PART_ROWS, csv_parts, table, write
from app.cli.dwell_visits import VISIT
from app.cli.wholefile import check, replacing

NONE = table(pl.DataFrame(schema=VISIT), [], [])


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"visits.{ending}"
    out.write_text("of yesterday")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write(NONE, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert out.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [out]


def test_files_that_are_written_at_once_have_names_of_their_own(tmp_path: Path) -> None:
    out = tmp_path / "visits.csv"
    with replacing(out) as one:
        one.write_text("one")
        with replacing(out) as other:
            other.write_text("other")
        assert out.read_text() == "other"
    assert out.read_text() == "one"
    assert list(tmp_path.iterdir()) == [out]


def test_what_cannot_be_written_is_known_beforehand(tmp_path: Path) -> None:
    check(tmp_path / "visits.csv")
    assert list(tmp_path.iterdir()) == []
    for hopeless in (tmp_path, tmp_path / "none" / "visits.csv"):
        with pytest.raises(OSError, match=r"directory"):
            check(hopeless)


def test_numbers_become_names_seconds_and_an_order_by_name() -> None:
    facts = {"enter_us": 0, "exit_us": 90_000_001, "inside_us": 3, "bridged_us": 2, "low_us": 1}
    facts |= {"first_us": 0, "outer_from_us": -500_000, "outer_to_us": 90_500_001, "fixes": 1}
    seen = {"enter_seen": True, "exit_seen": False, "pass_through": True, "open": False}
    places = [(0, 0), (1, 1), (1, 0)]
    visits = pl.DataFrame(
        [
            {"device": device, "hotspot": hotspot, "mean_speed_mps": 0.5, **facts, **seen}
            for device, hotspot in places
        ]
    ).select(*VISIT)
    rows = table(visits, ["zoe", "adam"], ["north", "east"])
    assert rows.select("device", "hotspot").rows() == [
        ("adam", "east"),
        ("adam", "north"),
        ("zoe", "north"),
    ]
    names = ("dwell_s", "inside_s", "bridged_s", "low_s", "high_s")
    assert rows.select(*names).row(0) == (90.000001, 3e-6, 2e-6, 1e-6, 91.000001)


@pytest.mark.parametrize("count", [0, 1, PART_ROWS + 1])
def test_text_is_whole_though_it_is_made_in_parts(tmp_path: Path, count: int) -> None:
    rows = NONE.vstack(NONE.clear(count))
    for ending in ("csv", "json"):
        write(rows, tmp_path / f"visits.{ending}")
    assert (tmp_path / "visits.csv").read_text() == "".join(csv_parts(rows))
    assert len(json.loads((tmp_path / "visits.json").read_text())) == count
