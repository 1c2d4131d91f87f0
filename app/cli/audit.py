"""`beatkeeper audit`: checks the log against its seals, shows it, and keeps it to its period."""

import datetime as dt
import json
from dataclasses import replace
from typing import Annotated

import typer

from app.access.audit import Act, Entry
from app.access.viewer import OPERATOR
from app.cli import moments
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.clock import system_clock
from app.storage import audit_reads, audit_seals
from app.storage.engine import Database
from app.storage.pages import Page, Slice
from app.storage.types import from_us
from app.verifying import Known, Verdict
from app.verifying import verify as check

audit = typer.Typer(help="The log of who did what with whose data.", no_args_is_help=True)
_HASH_BYTES = 32


@audit.command()
def verify(
    since: Annotated[
        int | None, typer.Option("--from", min=1, help="Begin with this seal; else the first.")
    ] = None,
    kept: Annotated[
        str | None, typer.Option("--hash", help="What that seal was when it was noted down.")
    ] = None,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Checks every entry against its seal, and the seals against each other.

    Says the newest seal, to be kept elsewhere: who has it finds out later if the log was cut off or
    written anew. Exit status 1, and the first broken place, where something was tampered with.
    """
    if kept is not None and since is None:
        fail("--hash is of a seal: name it with --from", 2)
    begin = Known(since or 1, None if kept is None else _hash(kept))
    found = with_database(database, lambda opened: check(opened, begin))
    _tell(found)
    if found.broken is not None:
        fail(f"the audit log is broken: {found.broken}")


def _hash(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _HASH_BYTES:
        fail(f"--hash {text}: not {2 * _HASH_BYTES} hexadecimal digits", 2)
    return found


def _tell(found: Verdict) -> None:
    gone = f", {found.expired} of them over entries past the log's period" if found.expired else ""
    typer.echo(f"{found.seals} seals checked{gone}; {found.unsealed} entries wait for a seal")
    for one in found.expiries:
        sealed = "" if one.entry <= found.head.seal.last else ", which is not sealed yet"
        why = "" if one.reason is None else f": {one.reason}"
        typer.echo(
            f"{one.entries} entries under seals up to {one.through}, made before {one.before}, were"
            f" deleted on {one.time} by {one.who}{why} (entry {one.entry}{sealed})"
        )
    if found.head.seal.id:
        typer.echo(f"head: --from {found.head.seal.id} --hash {found.head.hash.hex()}")


@audit.command()
def show(
    start: Annotated[str | None, typer.Option("--from", help="Of then or later.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Of before then.")] = None,
    act: Annotated[list[Act] | None, typer.Option(help="May be repeated.")] = None,
    who: Annotated[str | None, typer.Option(help="Words in who did it.")] = None,
    officer: Annotated[str | None, typer.Option(help="Whose data it was: a number.")] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Prints entries, the newest first, each a line of JSON; this is logged as well."""
    wanted = audit_reads.Wanted(
        None if start is None else moments.time("--from", start),
        None if end is None else moments.time("--to", end),
        acts=act or None,
        who=who,
        officer=officer,
    )

    async def read(opened: Database) -> Page[audit_reads.Logged]:
        async with opened.read() as reader:
            return await audit_reads.page(reader, OPERATOR, wanted, Slice(most))

    asked = {"from": start, "to": end, "who": who, "officer": officer}
    entry = ran(Act.CONSULTATION, "audit show", None, **asked)
    for one in with_database(database, read, entry).items:
        typer.echo(json.dumps(_shown(one), ensure_ascii=False))


def _shown(one: audit_reads.Logged) -> dict[str, object]:
    named = {"officers": one.officers, "teams": one.teams, "devices": one.devices}
    said = {"what": one.what, "details": one.details, "reason": one.reason, "rows": one.rows}
    by = {"who": one.who, "role": one.role, "authority": one.authority, "origin": one.origin}
    whose = {kind: list(names) for kind, names in named.items() if names}
    everybody = {"everybody": True} if one.everybody else {}
    time = one.time.isoformat()
    return {"id": one.id, "time": time, "act": one.act, **by, **said, **whose, **everybody}


@audit.command()
def expire(
    before: Annotated[str, typer.Option(help="Entries sealed before then (RFC 3339).")],
    reason: Annotated[str, typer.Option(help="Why: it goes into the audit log.")],
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Deletes old entries, under whole seals, which stay: the log tells of it, and of you.

    The newest seal keeps its entries. On PostgreSQL the log's owner does this, where the service's
    own role may not.
    """
    moment = moments.time("--before", before)
    if moment > from_us(system_clock()):
        fail(f"--before {before} lies in the future", 2)
    by = replace(ran(Act.ERASURE, "audit expire"), reason=reason)

    async def delete(opened: Database) -> int:
        went = 0
        while gone := await _expired(opened, moment, by):
            went += gone
        return went

    typer.echo(f"{with_database(database, delete)} entries are gone")


async def _expired(opened: Database, before: dt.datetime, by: Entry) -> int:
    async with opened.write() as writer:
        if not await audit_seals.may_expire(writer):
            fail("this role may not delete from the audit log: run this as its owner")
        return await audit_seals.expire(writer, before, by, from_us(system_clock()))
