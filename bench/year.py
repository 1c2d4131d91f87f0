"""A made-up year of a force, put straight into a database: a million visits, duty and all."""

import datetime as dt
from io import BytesIO

import numpy as np
import polars as pl
import shapely
import sqlalchemy as sa

from app.compliance.calendar import Calendar
from app.compliance.plan import Plan, Window
from app.storage import plans, posts, schema
from app.storage.engine import Database, Writer, driver_of
from app.storage.spans import SPAN
from geofence.model import METHOD, Span

HOTSPOTS, OFFICERS, TEAMS, DAYS, VISITS_A_SHIFT = 40, 200, 10, 365, 14
VISITS = OFFICERS * DAYS * VISITS_A_SHIFT
FIRST_DAY = dt.date(2025, 1, 1)
PLAN = "year"
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
DAY_US = 24 * HOUR_US
SHIFTS = {"early": 7, "late": 15, "night": 23}  # local hours at which each begins
SHIFT_HOURS = 8
_BEFORE = dt.datetime(2024, 12, 1, tzinfo=dt.UTC)
_START_US = Calendar().at(FIRST_DAY, dt.time(0))


async def fill(database: Database) -> None:
    """Writes the year into an empty, migrated database."""
    async with database.write() as writer:
        await _people(writer)
        await _places(writer)
        await plans.put(writer, _plan(), _BEFORE)
        for table, rows in (
            ("visits", _visits()),
            ("assignments", _turns().with_columns(device_id=pl.col("officer_id"))),
            ("duty_times", _turns()),
            ("device_hours", _hours()),
        ):
            await _copy(writer, table, rows)
        if writer.dialect.name == "postgresql":
            await writer.exec_driver_sql("ANALYZE")


async def _people(writer: Writer) -> None:
    numbers = range(1, OFFICERS + 1)
    teams = [{"id": i, "name": f"team {i}"} for i in range(1, TEAMS + 1)]
    officers = [
        {"id": i, "number": f"PC{i}", "name": f"Officer {i}", "team_id": i % TEAMS + 1}
        for i in numbers
    ]
    devices = [
        {"id": i, "name": f"d{i}", "kind": ("radio", "phone")[i % 2], "profile": "radio"}
        for i in numbers
    ]
    await writer.execute(sa.insert(schema.teams), teams)
    await writer.execute(sa.insert(schema.officers), officers)
    await posts.note(writer, _BEFORE)
    await writer.execute(sa.insert(schema.devices), devices)


async def _places(writer: Writer) -> None:
    spots = range(1, HOTSPOTS + 1)
    versions = [
        {
            "id": i,
            "hotspot_id": i,
            "name": f"Hot spot {i}",
            "geom": shapely.box(-3 + i / 100, 53.4, -3 + i / 100 + 0.001, 53.401),
            "buffer_m": 0.0,
            "valid_from": _BEFORE,
            "known_from": _BEFORE,
        }
        for i in spots
    ]
    await writer.execute(sa.insert(schema.hotspots), [{"id": i, "key": f"h{i}"} for i in spots])
    await writer.execute(sa.insert(schema.hotspot_versions), versions)


def _plan() -> Plan:
    windows = tuple(
        Window(name, dt.time(hour), dt.time((hour + SHIFT_HOURS) % 24), patrols=2)
        for name, hour in SHIFTS.items()
    )
    return Plan(PLAN, "A year", windows, FIRST_DAY, FIRST_DAY + dt.timedelta(days=DAYS - 1))


def _shifts() -> tuple[np.ndarray, np.ndarray]:
    """Officer and start (microseconds) of each shift: everybody works every day, by turns."""
    officer, day = (axis.ravel() for axis in np.mgrid[1 : OFFICERS + 1, 0:DAYS])
    hours = np.array(list(SHIFTS.values()))[officer % len(SHIFTS)]
    return officer, _START_US + day * DAY_US + hours * HOUR_US


def _turns() -> pl.DataFrame:
    officer, start_us = _shifts()
    end_us = start_us + SHIFT_HOURS * HOUR_US
    times = {"officer_id": officer, "start": _times(start_us), "end": _times(end_us)}
    return pl.DataFrame(times).with_columns(known_from=pl.lit(_BEFORE))


def _hours() -> pl.DataFrame:
    officer, start_us = (np.repeat(column, SHIFT_HOURS) for column in _shifts())
    hour_us = start_us + np.tile(np.arange(SHIFT_HOURS), len(start_us) // SHIFT_HOURS) * HOUR_US
    random = np.random.default_rng(5)
    observed = (1 << 60) - 1 - (1 << random.integers(0, 60, len(officer)))
    columns = {"device_id": officer, "hour": _times(hour_us), "observed": observed}
    known = {"known_from": pl.lit(_BEFORE), "fixes": pl.lit(240)}
    return pl.DataFrame(columns).with_columns(**known)


def _visits() -> pl.DataFrame:
    random = np.random.default_rng(4)
    officer, start_us = (np.repeat(column, VISITS_A_SHIFT) for column in _shifts())
    turn = np.tile(np.arange(VISITS_A_SHIFT), len(start_us) // VISITS_A_SHIFT)
    between_us = SHIFT_HOURS * HOUR_US // VISITS_A_SHIFT
    enter_us = start_us + turn * between_us + random.integers(0, 8 * MINUTE_US, VISITS)
    minutes = np.minimum(random.lognormal(np.log(6), 1, VISITS), 25)
    exit_us = enter_us + np.round(minutes * MINUTE_US).astype(np.int64)
    pass_through = exit_us - enter_us < 2 * MINUTE_US
    slack_us = np.minimum((exit_us - enter_us) // 4, 15_000_000)
    sure = enter_us + slack_us, exit_us - slack_us
    return pl.DataFrame(
        {
            "device_id": officer,
            "hotspot_id": (spot := random.integers(1, HOTSPOTS + 1, VISITS)),
            "version_id": spot,
            "first_us": enter_us,
            "enter": _times(enter_us),
            "exit": _times(exit_us),
            "outer_from": _times(enter_us - 15_000_000),
            "outer_to": _times(exit_us + 15_000_000),
            "inside_us": exit_us - enter_us,
            "low_us": sure[1] - sure[0],
            "fixes": (exit_us - enter_us) // 15_000_000 + 1,
            "pass_through": pass_through,
            "spans": _spans(enter_us, exit_us, *sure),
            "opened": _times(enter_us + MINUTE_US),
            "known_from": _times(exit_us + 5 * MINUTE_US),
        }
    ).with_columns(
        enter_seen=pl.lit(value=True),
        exit_seen=pl.lit(value=True),
        bridged_us=pl.lit(0),
        mean_speed_mps=pl.lit(1.2),
        open=pl.lit(value=False),
        method=pl.lit(METHOD),
    )


def _spans(*edges_us: np.ndarray) -> list[bytes]:
    """As the store packs them: one inside, and one surely so."""
    spans = np.empty((VISITS, 2), SPAN)
    for row, kind in enumerate((Span.INSIDE, Span.SURE)):
        spans["start_us"][:, row], spans["end_us"][:, row] = edges_us[2 * row : 2 * row + 2]
        spans["kind"][:, row] = kind
    packed, size = spans.tobytes(), 2 * SPAN.itemsize
    return [packed[i : i + size] for i in range(0, len(packed), size)]


def _times(time_us: np.ndarray) -> pl.Series:
    return pl.Series(time_us).cast(pl.Datetime("us", "UTC"))


async def _copy(writer: Writer, table: str, rows: pl.DataFrame) -> None:
    raw = await driver_of(writer)
    if writer.dialect.name == "sqlite":
        whole = rows.with_columns(pl.selectors.datetime().dt.epoch("us"))
        names = ", ".join(f'"{name}"' for name in rows.columns)
        marks = ", ".join("?" * rows.width)
        await raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", whole.rows())  # noqa: S608 -- names of our schema
        return
    hexed = rows.with_columns(
        (pl.lit("\\x") + pl.col(name).bin.encode("hex")).alias(name)
        for name in pl.selectors.expand_selector(rows, pl.selectors.binary())
    )
    csv = BytesIO()
    hexed.write_csv(csv, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6f+00:00")
    csv.seek(0)
    await raw.copy_to_table(table, source=csv, columns=rows.columns, format="csv", timeout=600)
