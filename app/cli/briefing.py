"""`beatkeeper briefing`: what a shift is told before it goes out, as a page or as PDF."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.access.audit import Act, Whose
from app.access.viewer import OPERATOR
from app.cli import moments
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.cli.wholefile import replacing
from app.clock import system_clock
from app.reports import briefing_pages
from app.reports.briefing import Material, Pack, pack
from app.reports.briefing_reading import Asked, material
from app.storage.engine import Database
from app.storage.types import from_us

_MADE: Mapping[str, Callable[[Pack], bytes]] = {
    ".html": lambda made: briefing_pages.html(made).encode(),
    ".pdf": briefing_pages.pdf,
}


def briefing(
    plan: Annotated[str, typer.Option(help="The plan, by its key.")],
    out: Annotated[Path, typer.Option(help="A file that ends in .html or .pdf.")],
    team: Annotated[str | None, typer.Option(help="Whom it is for; else everybody.")] = None,
    at: Annotated[
        str | None, typer.Option(help="When it is held (RFC 3339, with an offset); else now.")
    ] = None,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Writes the briefing of a shift, on A4: coverage, what is owed where, tasks, what changed.

    It is for the schedule window under way, or about to begin within the hour, or the next.
    """
    make = _MADE.get(out.suffix.lower())
    if make is None:
        fail(f"--out {out}: a briefing is written as .html or .pdf", 2)
    moment = None if at is None else moments.time("--at", at)
    asked = Asked(plan, team, moment, from_us(system_clock()))

    async def read(opened: Database) -> Material:
        async with opened.read() as reader:
            return await material(reader, OPERATOR, asked)

    entry = ran(Act.DISCLOSURE, "briefing", Whose(everybody=True), plan=plan, team=team, at=at)
    made = make(pack(with_database(database, read, entry)))
    try:
        with replacing(out) as part:
            part.write_bytes(made)
    except OSError as exc:
        fail(f"cannot write {out}: {exc.strerror}")
