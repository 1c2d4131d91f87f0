"""`beatkeeper doctor`: tries the whole chain before a programme starts, and says what is wrong."""

import asyncio
import datetime as dt
import json
import sys
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.access.audit import Act, Whose
from app.access.viewer import OPERATOR
from app.cli.accounting import ran
from app.cli.opening import fail
from app.cli.serve import read_settings
from app.clock import system_clock
from app.doctor.broker import Listening
from app.doctor.chain import Way
from app.doctor.examination import Question, examine
from app.doctor.finding import Finding, Status, gathered, worst
from app.doctor.kept import Spool
from app.parts import spool_of, tls_of
from app.settings import Settings
from app.storage.engine import parse_url
from app.storage.errors import StorageError
from app.storage.types import from_us
from ingest.broker import Broker
from ingest.topics import Topics
from ingest.trial import Line

# Of one check; --json gives all.
MOST_SHOWN: Final = 10
_STYLES: Final = {
    Status.NOTE: "dim",
    Status.OK: "green",
    Status.LOOK: "yellow",
    Status.BROKEN: "bold red",
}
_WIDTH: Final = 110  # columns of text that is not for a terminal


def doctor(
    database: Annotated[
        str | None, typer.Option(help="A SQLite file, or postgresql://USER@HOST/NAME.")
    ] = None,
    mqtt: Annotated[str | None, typer.Option(help="mqtt[s]://[USER:PASSWORD@]HOST[:PORT]")] = None,
    url: Annotated[
        str | None, typer.Option(help="Where the service runs: http://HOST:PORT")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=744, help="How far back to look.")] = 24.0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tries database, broker, service and a fix of each format, and looks at all devices.

    Exit status 0: all is well; 1: there is something to look at; 2: something is broken. The trial
    leaves nothing behind but the device it is made with, which nobody carries and no list shows.
    """
    settings = read_settings(database=database, mqtt=mqtt)
    question = _question(settings, url, hours)
    try:
        findings = asyncio.run(examine(question, lambda: from_us(system_clock())))
    except StorageError as exc:
        fail(f"the database failed in the middle of the examination: {exc}", int(Status.BROKEN))
    if as_json:
        typer.echo(json.dumps(_document(findings, from_us(system_clock())), indent=2))
    else:
        _print(findings)
    raise typer.Exit(int(worst(findings)))


def _question(settings: Settings, url: str | None, hours: float) -> Question:
    try:
        parse_url(settings.database)
    except ValueError as exc:
        fail(str(exc), int(Status.BROKEN))
    way = Way(
        url=url or f"http://{settings.host}:{settings.port}",
        sought=url is not None,
        listening=_listening(settings),
    )
    entry = ran(Act.CONSULTATION, "doctor", Whose(everybody=True), hours=hours)
    return Question(settings.database, way, hours, _spool(settings), OPERATOR, entry)


def _spool(settings: Settings) -> Spool | None:
    """Where it is, unless told otherwise, if the service runs where we do; None: there is none."""
    if not settings.spool_bytes:
        return None
    return Spool(settings.spool or spool_of(settings.database), settings.spool_bytes)


def _listening(settings: Settings) -> Listening | None:
    if settings.mqtt is None:
        return None
    return Listening(
        broker=Broker.from_url(settings.mqtt),
        client_id=settings.mqtt_client_id,
        line=Line(settings.mqtt_protocol, tls_of(settings)),
        topics=Topics(settings.mqtt_owntracks),
    )


def _document(findings: list[Finding], now: dt.datetime) -> dict[str, object]:
    return {
        "time": now.isoformat(),
        "status": worst(findings).words,
        "findings": [
            {
                "check": finding.check,
                "status": finding.status.words,
                "about": finding.about or None,
                "says": finding.says,
                "do": finding.do or None,
            }
            for finding in findings
        ],
    }


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "check", "what was found"):
        table.add_column(heading, no_wrap=heading != "what was found")
    shown: dict[tuple[str, Status], int] = {}
    lines = gathered(findings)
    for finding in lines:
        kind = finding.check, finding.status
        shown[kind] = shown.get(kind, 0) + 1
        if shown[kind] <= MOST_SHOWN:
            how = Text(finding.status.words, _STYLES[finding.status])
            words = Text(finding.says)
            words.append(f"\n→ {finding.do}" if finding.do else "", "dim")
            table.add_row(how, finding.check, words)
    console.print(table)
    for (check, status), number in shown.items():
        if number > MOST_SHOWN:
            console.print(f"{number - MOST_SHOWN} more of {check}, {status.words}: see --json")
    if len(lines) < len(findings):
        console.print("Lines that name several hold the figures of each with --json.")
    bad = {status: sum(f.status is status for f in lines) for status in Status}
    console.print(
        f"\n{bad[Status.OK]} ok, {bad[Status.LOOK]} to look at, {bad[Status.BROKEN]} broken"
    )
