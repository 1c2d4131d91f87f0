"""`POST /api/v1/import`: people, duty and plans from the tables in which forces keep them."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import Query, Request

from app import imports
from app.api.deps import Asker, DatabaseDep, Now
from app.api.errors import Invalid
from app.api.fields import Name, Schema, example
from app.api.route import LARGEST_BODY, guarded_router
from app.api.state import body_timeout_of
from app.compliance.calendar import Calendar, zone
from app.importing.headings import TABLES, table_of
from ingest.uploadbody import Limits, uploaded

router = guarded_router("import")

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BINARY: Final = {"type": "string", "format": "binary"}
_ROSTER: Final = "Collar No,Date,Start,End\n1234,31/10/2026,22:00,07:00\n"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": _ROSTER},
            XLSX: {"schema": _BINARY, "example": "(the bytes of a workbook)"},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": _BINARY}},
                },
                "example": {"file": ["(duty.csv)", "(plans.xlsx)"]},
            },
        },
    }
}


class Count(Schema):
    """A table's rows, and how many things were new, changed, or as before; of plans, plans.

    Null where a table only says more of plans.
    """

    table: str
    rows: int
    created: int | None
    changed: int | None
    unchanged: int | None


_DUTY = {"table": "duty", "rows": 240, "created": 236, "changed": 0, "unchanged": 4}


class Imported(Schema):
    """What became of each table, or would have in a dry run, and what to know of it."""

    model_config = example({"dry_run": False, "tables": [_DUTY], "notes": []})

    dry_run: bool
    tables: list[Count]
    notes: list[str]


@router.post("/import", openapi_extra=_BODY)
async def import_tables(
    request: Request,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    *,
    table: Annotated[
        Name | None,
        Query(description="What a file's first sheet holds, where its heading does not tell."),
    ] = None,
    timezone: Annotated[Name, Query(description="Of local times.")] = "Europe/London",
    dry_run: Annotated[bool, Query(description="Look at everything, and store nothing.")] = False,
) -> Imported:
    """Takes tables of teams, officers, assignments, duty, abstractions, plans and briefings.

    CSV or XLSX, one file as the body or several as a form; a sheet is known by its name, else by
    its heading. All is stored, or nothing: a 422 names every problem by sheet, row and column.
    The same again is no change.
    """
    if table is not None and table_of(table) is None:
        known = ", ".join(one.name for one in TABLES)
        raise Invalid(where="query.table", what=f"tables are {known}, not {table!r}")
    try:
        calendar = Calendar(zone(timezone))
    except ValueError as exc:
        raise Invalid(where="query.timezone", what=str(exc)) from exc
    limits = Limits(LARGEST_BODY, body_timeout_of(request))
    async with uploaded(request, limits) as files:
        given = [(one.path.name, await asyncio.to_thread(one.file.read)) for one in files]
    done = await imports.take(
        database, viewer, given, table=table, calendar=calendar, now=now, dry_run=dry_run
    )
    return Imported.model_validate(asdict(done))
