"""`beatkeeper recompute`: the visits of a span worked out anew, while the service goes on."""

import asyncio
import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from app.access.audit import Act
from app.access.viewer import OPERATOR
from app.api import geojson
from app.api.fields import Day, Moment
from app.api.hotspots import notes_from
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.clock import system_clock
from app.recompute import PAUSE_S, Recompute, Stumbled
from app.storage import devices, recomputes
from app.storage.engine import Database
from app.storage.recomputes import Job, Progress
from app.storage.types import from_us, to_us
from ingest.moment import as_text

Show = Callable[[Progress], None]

DAY = dt.timedelta(days=1)
# Of the devices, after each of which a line is written where there is no terminal.
TENTHS = 10


class Span(NamedTuple):
    """What was asked for: from when, up to when (None: now), of which device (None: all)."""

    start: dt.datetime
    until: dt.datetime | None
    device: str | None


def recompute(
    start: Annotated[
        str | None,
        typer.Option("--from", help="An operational day (YYYY-MM-DD), or a time (RFC 3339)."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="The last such day, or a time; else up to now.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device, by name.")] = None,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Works visits out anew, by the hot spots and profiles of now; the service may go on meanwhile.

    Visits that were told of before can still be read as of then. Where it was stopped a running
    service goes on; without one, it does when it is given the same again, or, without --from, with
    whatever is waiting to be done. Visits from before a device's first stored fix stay as they are.
    """
    span = _span(start, until, device, from_us(system_clock()))
    asked = {} if span is None else {"from": span.start, "to": span.until, "device": span.device}
    entry = ran(Act.ALTERATION, "recompute", **asked)
    with_database(database, lambda opened: _run(opened, span), entry)


def _span(
    start: str | None, until: str | None, device: str | None, now: dt.datetime
) -> Span | None:
    """What the options ask for; None where they ask for whatever is waiting."""
    if start is None:
        if until is not None or device is not None:
            fail("--to and --device need --from", 2)
        return None
    begin = _moment("--from", start, first=True)
    end = None if until is None else _moment("--to", until, first=False)
    if begin > now:
        fail(f"--from {start} lies in the future", 2)
    if end is not None and end <= begin:
        fail(f"--to {until} is not after --from {start}", 2)
    return Span(begin, end, device)


def bounds(start: str | None, until: str | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The moments that --from and --to mean, operational days among them; ends the command else."""
    begin = None if start is None else _moment("--from", start, first=True)
    end = None if until is None else _moment("--to", until, first=False)
    if begin is not None and end is not None and end <= begin:
        fail(f"--to {until} is not after --from {start}", 2)
    return begin, end


def _moment(option: str, text: str, *, first: bool) -> dt.datetime:
    """A time, or the beginning (else the end) of an operational day."""
    try:
        if len(text) > len("YYYY-MM-DD"):
            return TypeAdapter[dt.datetime](Moment).validate_python(text)
        day = TypeAdapter[dt.date](Day).validate_python(text)
    except ValidationError:
        fail(f"{option} {text}: no day (YYYY-MM-DD) and no time with an offset (RFC 3339)", 2)
    return geojson.start_of(day if first else day + DAY)


async def _run(database: Database, span: Span | None) -> None:
    if span is None:
        async with database.read() as reader:
            jobs = await recomputes.unfinished(reader)
        if not jobs:
            typer.echo("Nothing is waiting to be recomputed.")
    else:
        jobs = [await _ask(database, span)]
    stumbled = False
    for job in jobs:
        try:
            with _shown(job) as show:
                progress = await _work_off(database, job, show)
        except Stumbled as exc:
            typer.echo(f"{_title(job)}: it could not go on ({exc}), and is left to do", err=True)
            stumbled = True
            continue
        plural = "" if progress.devices == 1 else "s"
        typer.echo(f"{_title(job)}: done, {progress.devices} device{plural}.")
    if stumbled:
        raise typer.Exit(1)


async def _ask(database: Database, span: Span) -> Job:
    """Asks for a span; says if it was asked for before, and if some of it cannot be done."""
    now = from_us(system_clock())
    async with database.write() as writer:
        device = None if span.device is None else await devices.device_id(writer, span.device)
        job = await recomputes.ask(writer, span.start, span.until, device, now)
    if job.asked < now:
        typer.echo(f"Goes on with what was asked for at {_text(job.asked)}.", err=True)
    for note in await notes_from(database, OPERATOR, span.start, now):
        typer.echo(f"{note[0].upper()}{note[1:]}.", err=True)
    return job


async def _work_off(database: Database, job: Job, show: Show) -> Progress:
    """Works a job off, or waits for who else is at it."""
    recompute = Recompute(database, system_clock)
    while True:
        await recompute.step(job.id)
        async with database.read() as reader:
            progress = await recomputes.progress(reader, job.id)
        show(progress)
        if progress.job.done is not None:
            return progress
        await asyncio.sleep(PAUSE_S)


@contextmanager
def _shown(job: Job) -> Iterator[Show]:
    """Shows how far it is on standard error: a bar on a terminal, else now and then a line."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn(_title(job)), BarColumn(), MofNCompleteColumn(), TextColumn("devices"))
    with Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda now: bar.update(task, completed=now.devices_done, total=now.devices)


def _lines() -> Show:
    told = -1

    def show(progress: Progress) -> None:
        nonlocal told
        tenth = TENTHS * progress.devices_done // max(progress.devices, 1)
        if tenth > told:
            told = tenth
            typer.echo(f"{progress.devices_done} of {progress.devices} devices", err=True)

    return show


def _title(job: Job) -> str:
    upto = "" if job.until is None else f" to {_text(job.until)}"
    return f"Visits from {_text(job.start)}{upto}"


def _text(time: dt.datetime) -> str:
    return as_text(to_us(time))
