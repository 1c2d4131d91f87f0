"""`beatkeeper suggest`: micro-places ranked by crime, as hot spots that can be imported."""

import datetime as dt
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from app.access.viewer import OPERATOR
from app.cli import suggest_words
from app.cli.opening import DatabaseOption, fail, with_database
from app.cli.wholefile import replacing
from app.clock import system_clock
from app.compliance.calendar import DAY, Calendar, zone
from app.importing import choices
from app.importing.problems import NoTables
from app.places.advice import Question, advise, choose
from app.places.checks import NO_STATIONS, Spot, Spots, Stations, cautions
from app.places.choosing import NoChoice
from app.places.crimes import Crimes
from app.places.drawn import held
from app.places.features import collection
from app.places.grid import LARGEST_M, SIZE_M, SMALLEST_M, Shape
from app.storage import crimes as crime_storage
from app.storage import hotspots
from app.storage.crimes import Asked, Extent
from app.storage.engine import Database
from app.storage.pages import Slice
from app.storage.types import from_us
from geofence.features import read_features

MOST_SPOTS: Final = 10_000  # suggested, or looked at as stored
_HOURS: Final = re.compile(r"(\d\d?)-(\d\d?)")
_WIDTH: Final = 110  # columns of text that is not for a terminal


class _Unusable(Exception):
    """What was given cannot be used; its text says why."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the database holds: crimes, hot spots of today, and police stations that crimes name."""

    crimes: Crimes
    stored: Sequence[Spot]
    sources: Sequence[str]
    stations: Stations
    extent: Extent  # of all crimes, whatever is asked for


def suggest(
    out: Annotated[
        Path | None, typer.Option(help="GeoJSON, as `import hotspots` takes it; else none.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=MOST_SPOTS, help="How many places.")] = 40,
    shape: Annotated[Shape, typer.Option(help="Of the cells.")] = Shape.HEXAGON,
    size: Annotated[
        float, typer.Option(min=SMALLEST_M, max=LARGEST_M, help="Metres across a cell.")
    ] = SIZE_M,
    category: Annotated[
        list[str] | None, typer.Option(help="Only these, by name or a part of it.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="CSV: category, weight; else each crime counts 1.")
    ] = None,
    default_weight: Annotated[
        float | None, typer.Option(min=0, help="Of categories that the file does not have.")
    ] = None,
    start: Annotated[
        dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")
    ] = None,
    end: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")
    ] = None,
    hours: Annotated[
        str | None, typer.Option(help="Of the local day, as 22-4; where times are known.")
    ] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only what these recorded.")] = None,
    stations: Annotated[
        Path | None, typer.Option(help="Police stations: GeoJSON points, or CSV with lat, lon.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Look at the hot spots of this GeoJSON instead.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of days, months and hours.")] = "Europe/London",
    database: DatabaseOption = "beatkeeper.db",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Ranks cells of a grid by the crime in them, and says how good the choice is.

    With --check it looks at hot spots that somebody drew, and says what crime they hold.
    """
    try:
        calendar = _calendar(time_zone)
        asked = Asked(_day(start, calendar), _day(end, calendar, DAY), source or ())
        _refuse_unused(asked, out, check, weights, default_weight)
        question = Question(
            calendar=calendar,
            top=top,
            shape=shape,
            size_m=size,
            categories=category or (),
            weights=None if weights is None else choices.weights(weights.name, _bytes(weights)),
            otherwise=default_weight,
            hours=None if hours is None else _hours(hours),
            part_month=any(_within_month(edge, calendar) for edge in (asked.start, asked.end)),
        )
        given = (
            NO_STATIONS if stations is None else choices.stations(stations.name, _bytes(stations))
        )
        ground = _ground(database, asked)
        _refuse_none(ground, calendar)
        if check is None:
            _suggest(ground, question, given, out, as_json=as_json)
        else:
            _check(ground, question, given, check, as_json=as_json)
    except (NoTables, NoChoice, _Unusable) as exc:
        fail(str(exc), 2)


def _calendar(time_zone: str) -> Calendar:
    try:
        return Calendar(zone(time_zone))
    except ValueError as exc:
        raise _Unusable(str(exc)) from exc


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        fail(f"cannot read {file}: {exc.strerror or exc}", 2)


def _day(
    day: dt.datetime | None, calendar: Calendar, later: dt.timedelta = dt.timedelta()
) -> dt.datetime | None:
    """The local midnight that begins a day, or the one so much later."""
    if day is None:
        return None
    return from_us(calendar.at((day + later).date(), dt.time()))


def _within_month(edge: dt.datetime | None, calendar: Calendar) -> bool:
    return edge is not None and edge.astimezone(calendar.zone).day != 1


def _refuse_unused(
    asked: Asked,
    out: Path | None,
    check: Path | None,
    weights: Path | None,
    default_weight: float | None,
) -> None:
    """Options that would do nothing beside the others."""
    if asked.start is not None and asked.end is not None and asked.start >= asked.end:
        msg = "--from is after --to"
        raise _Unusable(msg)
    if check is not None and out is not None:
        msg = "--out is for suggestions, and --check makes none"
        raise _Unusable(msg)
    if default_weight is not None and weights is None:
        msg = "--default-weight is for categories that --weights FILE does not have: give both"
        raise _Unusable(msg)


def _hours(said: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(said)
    if found is None or int(found[1]) > 23 or int(found[2]) > 24:  # noqa: PLR2004 -- hours of a day
        msg = f"--hours {said} is not hours such as 22-4 or 15-23"
        raise _Unusable(msg)
    return int(found[1]), int(found[2])


def _ground(url: str, asked: Asked) -> _Ground:
    now = from_us(system_clock())

    async def read(database: Database) -> _Ground:
        async with database.read() as reader:
            found = await crime_storage.read(reader, OPERATOR, asked)
            sources = await crime_storage.sources(reader, OPERATOR)
            extent = await crime_storage.extent(reader, OPERATOR)
            stations = await crime_storage.stations(reader, OPERATOR)
            page = await hotspots.page(reader, OPERATOR, Slice(MOST_SPOTS), now, now)
        stored = [Spot(one.key, one.geometry, one.buffer_m) for one in page.items]
        return _Ground(found, stored, sources, stations, extent)

    ground = with_database(url, read)
    for wanted in asked.sources:
        if wanted not in ground.sources:
            there = ", ".join(ground.sources) or "no crimes at all"
            msg = f"nobody called {wanted!r} recorded any; there are: {there}"
            raise NoChoice(msg)
    return ground


def _refuse_none(ground: _Ground, calendar: Calendar) -> None:
    """Of days on which there is no crime: on which there are."""
    stored, first, last = ground.extent
    if len(ground.crimes) or first is None or last is None:
        return
    first, last = (moment.astimezone(calendar.zone) for moment in (first, last))
    msg = (
        f"there are no crimes for this: the {stored} that there are began from {first:%Y-%m-%d} to"
        f" {last:%Y-%m-%d}"
    )
    raise NoChoice(msg)


def _suggest(
    ground: _Ground, question: Question, given: Stations, out: Path | None, *, as_json: bool
) -> None:
    stations = given.and_also(ground.stations)
    advice = advise(ground.crimes, question, ground.stored, stations)
    if as_json:
        typer.echo(json.dumps(suggest_words.document(advice), indent=2))
    else:
        suggest_words.show(_console(), advice)
    if out is not None:
        _write(out, collection(advice))
        typer.echo(f"{len(advice.found)} places written to {out}", err=True)


def _write(out: Path, found: Mapping[str, object]) -> None:
    try:
        with replacing(out) as part:
            part.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as exc:
        fail(f"{out} cannot be written: {exc.strerror or exc}", 2)


def _check(
    ground: _Ground, question: Question, given: Stations, file: Path, *, as_json: bool
) -> None:
    spots = Spots.of(_drawn(file))
    told = cautions(spots, given.and_also(ground.stations))
    found, notes = None, []
    if len(ground.crimes):
        chosen = choose(ground.crimes, question)
        found, notes = held(spots, chosen, question.shape, question.size_m), list(chosen.notes)
    if as_json:
        shares = {} if found is None else dict(zip(spots.keys, found.each.tolist(), strict=True))
        cautioned = suggest_words.caution_rows(told)
        typer.echo(json.dumps({"cautions": cautioned, "shares": shares, "notes": notes}, indent=2))
        return
    console = _console()
    if found is None:
        console.print("There are no crimes to hold them against: `beatkeeper import crimes`.")
    else:
        suggest_words.show_held(console, spots, found, notes)
    suggest_words.show_cautions(console, told)
    if not told:
        console.print("Nothing to look at: none is too large, too narrow, over another, or at a")
        console.print("police station that is known.")


def _drawn(file: Path) -> list[Spot]:
    """The hot spots of a file."""
    try:
        features, faults = read_features(json.loads(_bytes(file)))
    except (ValueError, RecursionError) as exc:
        msg = f"{file} is not JSON: {exc}"
        raise _Unusable(msg) from exc
    if faults or not features:
        told = faults or ["has no hot spots"]
        raise _Unusable("\n".join(f"{file}: {fault}" for fault in told))
    return [Spot(one.id, one.geometry, one.buffer_m) for one in features]


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
