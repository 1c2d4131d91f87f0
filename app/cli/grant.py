"""`beatkeeper grant`: lets a role of PostgreSQL's serve, and not alter the audit log."""

from typing import Annotated

import typer

from app.access.audit import Act
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.storage import rights
from app.storage.engine import Database


def grant(
    role: Annotated[str, typer.Argument(help="The role by which the service signs in.")],
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Gives a role of PostgreSQL's what the service needs: to add to the log, not to alter it.

    Run it as the tables' owner, after each `beatkeeper migrate`.
    """

    async def give(opened: Database) -> None:
        if opened.dialect == "sqlite":
            fail("SQLite knows no roles: whoever may write to the file may write anything", 2)
        async with opened.write() as writer:
            await rights.grant(writer, role)

    with_database(database, give, ran(Act.ALTERATION, "grant", None, role=role))
    typer.echo(f"{role} may serve: it adds to the audit log, and cannot alter it.")
