"""`beatkeeper capacity`: what coverage so many officers can be expected to bring about."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from app.capacity.forecast import Forecast, first, forecast
from app.capacity.question import CapacityError, Demand, Staffing
from app.capacity.words import sentence
from app.cli.capacity_demand import Ask, of_file, of_plan
from app.cli.opening import DatabaseOption, fail, with_database
from app.clock import system_clock

NOT_ANSWERED: Final = 2
COUNTS: Final = (40, 30, 20)
USUAL: Final = Staffing(officers=2)


def capacity(
    officers: Annotated[int, typer.Option(help="Rostered for the shift.")],
    crew: Annotated[int, typer.Option(help="Officers who go together.")] = 2,
    plan: Annotated[str | None, typer.Option(help="Key of a plan in the database.")] = None,
    hotspots: Annotated[Path | None, typer.Option(help="Or GeoJSON polygons of hot spots.")] = None,
    window: Annotated[
        list[str] | None,
        typer.Option(help="With --hotspots: 15:00-23:00. With --plan: a window's name."),
    ] = None,
    patrols: Annotated[int, typer.Option(help="In each window; with --hotspots.")] = 1,
    minutes: Annotated[float, typer.Option(help="That officers mean to stay.")] = 12.0,
    minimum: Annotated[float, typer.Option(help="That count; with --hotspots.")] = 10.0,
    target: Annotated[float, typer.Option(help="Share to cover; with --hotspots.")] = 0.9,
    day: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of the plan; else the next.")
    ] = None,
    hotspots_counts: Annotated[
        str | None, typer.Option(help="First so many hot spots, as 40,30,20.")
    ] = None,
    station: Annotated[str | None, typer.Option(help="LAT,LON; else amid the hot spots.")] = None,
    speed: Annotated[float, typer.Option(help="km/h from place to place.")] = USUAL.speed_kmh,
    detour: Annotated[float, typer.Option(help="Way by way straight.")] = USUAL.detour,
    calls_per_hour: Annotated[
        float, typer.Option(help="To a crew that is free.")
    ] = USUAL.calls_per_hour,
    call_minutes: Annotated[float, typer.Option(help="On average.")] = USUAL.call_minutes,
    other_minutes: Annotated[
        float, typer.Option(help="Breaks and paperwork, a crew and shift.")
    ] = USUAL.other_minutes,
    abstraction: Annotated[
        float, typer.Option(help="Share of officers taken off the shift.")
    ] = USUAL.abstraction,
    uncounted: Annotated[
        float, typer.Option(help="Share of patrols one device does not show.")
    ] = USUAL.uncounted,
    runs: Annotated[int, typer.Option(help="Shifts to simulate.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same answer.")] = 1,
    database: DatabaseOption = "beatkeeper.db",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Says what coverage to expect of a shift with 40, 30 or 20 hot spots, and its spread."""
    try:
        staffing = Staffing(
            officers=officers,
            crew=crew,
            speed_kmh=speed,
            detour=detour,
            calls_per_hour=calls_per_hour,
            call_minutes=call_minutes,
            other_minutes=other_minutes,
            abstraction=abstraction,
            uncounted=uncounted,
        )
        ask = Ask(minutes, tuple(window or ()), _station(station))
        if hotspots is not None and plan is None:
            demand = of_file(hotspots, patrols, minimum, target, ask)
        else:
            demand = _of_database(database, plan if hotspots is None else None, day, ask)
        counts = _counts(hotspots_counts, len(demand.x_m))
        # Each begins anew, so that its answer does not hang on what else was asked.
        found = [
            forecast(staffing, first(demand, count), runs, np.random.default_rng(seed))
            for count in counts
        ]
    except CapacityError as exc:
        fail(str(exc), NOT_ANSWERED)
    _tell(staffing, found, as_json=as_json)


def _of_database(url: str, plan: str | None, day: dt.datetime | None, ask: Ask) -> Demand:
    if plan is None:
        raise CapacityError(where="plan", what="give one, --plan KEY, or else --hotspots FILE")
    return with_database(
        url, lambda opened: of_plan(opened, plan, day and day.date(), ask, system_clock())
    )


def _station(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        lat, lon = map(float, text.split(","))
    except ValueError as exc:
        raise CapacityError(
            where="station", what=f"{text!r} is not LAT,LON such as 53.79,-1.55"
        ) from exc
    if not (abs(lat) <= 90 and abs(lon) <= 180):  # noqa: PLR2004 - degrees
        raise CapacityError(where="station", what=f"{text!r} is nowhere on Earth: give LAT,LON")
    return lat, lon


def _counts(text: str | None, most: int) -> Sequence[int]:
    """How many hot spots to ask about, the most first; by default all, and fewer."""
    if text is None:
        return [most, *(count for count in COUNTS if count < most)]
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError as exc:
        raise CapacityError(where="hotspots-counts", what=f"{text!r} is not like 40,30,20") from exc
    for count in counts:
        if not 1 <= count <= most:
            raise CapacityError(
                where="hotspots-counts",
                what=f"there are {most} hot spots: {count} cannot be asked about",
            )
    return counts


def _tell(staffing: Staffing, found: Sequence[Forecast], *, as_json: bool) -> None:
    if as_json:
        answer = {"staffing": asdict(staffing), "forecasts": [asdict(one) for one in found]}
        typer.echo(json.dumps(answer, indent=2))
        return
    Console().print(_table(found))
    typer.echo(sentence(staffing, found))


def _table(found: Sequence[Forecast]) -> Table:
    table = Table(
        title=f"A shift, from {found[0].runs:,} simulated",
        title_justify="left",
        box=box.SIMPLE,
        padding=0,
    )
    for head in ("hot spots", "coverage", "9 in 10", "target met", "patrols", "of", "min", "spare"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            str(one.hotspots),
            f"{one.coverage:.0%}",
            f"{one.low:.0%} to {one.high:.0%}",
            f"{one.chance:.0%}",
            f"{one.patrols:.0f}",
            str(one.required),
            f"{one.patrol_minutes:.0f}",
            f"{one.spare_minutes:.0f}",
        )
    return table
