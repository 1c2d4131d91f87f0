"""Entries of the audit log as tests write and read them."""

import datetime as dt
from dataclasses import replace

import sqlalchemy as sa

from app.access.audit import Act, Entry, Whose
from app.storage import audit
from app.storage.engine import Database

AT = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
LOOK = Entry(
    act=Act.CONSULTATION,
    who="Sgt Example",
    role="supervisor",
    authority="token 7",
    origin="192.0.2.7",
    what="GET /visits",
    details={"officer": "PC1"},
    whose=Whose(officers=frozenset({3, 12}), devices=frozenset({5})),
    reason="complaint 4711, “Übergabe”",
)


async def write(database: Database, *names: str, at: dt.datetime = AT) -> None:
    """A look by each of these, in one transaction."""
    async with database.write() as writer:
        await audit.write(writer, [replace(LOOK, who=name) for name in names], at)


async def execute(database: Database, statement: str) -> None:
    """Does what a statement says, in a transaction of its own."""
    async with database.write() as writer:
        await writer.execute(sa.text(statement))


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    """What a query gives."""
    async with database.read() as reader:
        return [tuple(row) for row in await reader.execute(sa.text(query))]
