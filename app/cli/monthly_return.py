"""`beatkeeper return`: the funder's monthly return, from a template."""

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
from app.reports.errors import TemplateError
from app.reports.return_templates import KINDS, Template, Templates, fill, read
from app.reports.returns import Month, catalogue, fields
from app.reports.returns_reading import month as read_month
from app.storage.engine import Database
from app.storage.types import from_us

_SHIPPED = {KINDS[Path(name).suffix][0]: name for name in Templates(None).names()}


def monthly_return(
    plan: Annotated[str | None, typer.Option(help="The plan, by its key.")] = None,
    month: Annotated[str | None, typer.Option(help="As 2026-10.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file that is written.")] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            help="A file: .csv, .txt, .md, .html, .xlsx, or .typ for PDF; else one that is shipped."
        ),
    ] = None,
    as_at: Annotated[str | None, typer.Option(help="As it was known then (RFC 3339).")] = None,
    fields: Annotated[  # noqa: FBT002 -- an option
        bool, typer.Option("--fields", help="Lists what a template may show, and ends.")
    ] = False,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Writes a plan's month for a funder: person-hours, patrols, coverage, by organisation.

    The template says what it looks like: a file in which fields stand as {{ total.person_hours }}.
    """
    if fields:
        for name, about in catalogue():
            typer.echo(f"{name}: {about}")
        return
    if plan is None or month is None or out is None:
        fail("give --plan, --month and --out (or --fields)", 2)
    try:
        chosen = _template(template, out)
        found = _month(database, plan, month, as_at)
        made = _made(chosen, found)
    except TemplateError as exc:
        fail(str(exc))
    try:
        with replacing(out) as part:
            part.write_bytes(made)
    except OSError as exc:
        fail(f"cannot write {out}: {exc.strerror}")


def _template(given: Path | None, out: Path) -> Template:
    """The template that is given, or the shipped one for the kind of file that is to be written."""
    wanted = out.suffix.lower()
    if given is None and wanted not in _SHIPPED:
        fail(f"--out {out}: there is no template for it but for {', '.join(_SHIPPED)}", 2)
    template = Templates(None).find(_SHIPPED[wanted]) if given is None else read(given)
    if template.makes != wanted:
        fail(f"--out {out}: {template.name} makes a file that ends in {template.makes}", 2)
    return template


def _month(database: str, plan: str, month: str, as_at: str | None) -> Month:
    now = from_us(system_clock())
    known = moments.as_at(as_at, now)

    async def work(opened: Database) -> Month:
        async with opened.read() as reader:
            return await read_month(reader, OPERATOR, plan, month, as_at=known, now=now)

    everybody = Whose(everybody=True)
    entry = ran(Act.DISCLOSURE, "return", everybody, plan=plan, month=month, as_at=as_at)
    return with_database(database, work, entry)


def _made(template: Template, month: Month) -> bytes:
    return fill(template, fields(month), month.made_us)
