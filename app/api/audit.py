"""The audit log: for auditors all of it, and for each officer who looked at them."""

import datetime as dt
from typing import Annotated, Final

from fastapi import Query, Response

from app.access.audit import Act
from app.api.audited import Audited
from app.api.deps import (
    LATELY,
    Asker,
    DatabaseDep,
    Now,
    Part,
    TableFormat,
    cursor_of,
    ordered,
)
from app.api.fields import Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.api.tables import table_response
from app.reports.formats import Format
from app.storage import audit_reads

router = guarded_router("audit")

_LOOK = {
    "id": 4711,
    "time": "2026-01-15T22:15:00.000000Z",
    "act": "consultation",
    "who": "Sgt Example",
    "role": "supervisor",
    "authority": "token 7",
    "what": "GET /visits",
    "details": {"from": "2026-01-01T00:00:00Z"},
    "reason": "complaint 12/26",
}
_ENTRY = {
    **_LOOK,
    "origin": "192.0.2.7",
    "rows": None,
    "officers": ["PC1234"],
    "teams": [],
    "devices": [],
    "everybody": False,
}
# Whom else an entry is about, or how it was asked, is not this officer's to know.
_OWN: Final = frozenset(
    {"from", "to", "start", "end", "day", "month", "as_at", "until"}
    | {"plan", "window", "hotspot", "kind", "by", "f", "study", "what", "before"}
)
_COLUMNS: Final = {
    "id": "the entry's number",
    "time": "when it was committed",
    "act": "what was done, by the words of section 62 of the Data Protection Act 2018",
    "who": "who did it",
    "role": "in which role",
    "authority": "by what they were known",
    "origin": "from which address",
    "what": "the route, or the command",
    "details": "what was asked for",
    "reason": "why, as they said",
    "rows": "how many rows were given",
    "officers": "whose data it was: officers by number",
    "teams": "teams by name",
    "devices": "devices by name",
    "everybody": "whether it was everybody's",
}


class Look(Schema):
    """Something that was done with the officer's data."""

    model_config = example(_LOOK)

    id: int
    time: Moment
    act: str
    who: str
    role: str
    authority: str
    what: str
    details: dict[str, str]
    reason: str | None


class LoggedEntry(Look):
    """An entry of the log; of those whom it names, those who are still there."""

    model_config = example(_ENTRY)

    origin: str
    rows: int | None
    officers: list[str]
    teams: list[str]
    devices: list[str]
    everybody: bool


From = Annotated[Moment | None, Query(alias="from", description="of then or later")]
To = Annotated[Moment | None, Query(alias="to", description="of before then")]
Words = Annotated[Name | None, Query(description="words in it, in capitals or not")]


@router.get("/audit", response_model=Listing[LoggedEntry])
async def search_audit(
    *,
    viewer: Asker,
    database: DatabaseDep,
    note: Audited,
    part: Part,
    form: TableFormat,
    start: From = None,
    end: To = None,
    act: Annotated[list[Act] | None, Query(max_length=len(Act))] = None,
    who: Words = None,
    what: Words = None,
    because: Annotated[Name | None, Query(description="words in the reason")] = None,
    officer: Annotated[Name | None, Query(description="their number")] = None,
    team: Annotated[Name | None, Query(description="its name")] = None,
    device: Annotated[Name | None, Query(description="its name")] = None,
) -> Listing[LoggedEntry] | Response:
    """What was done with whose data, when and by whom, the newest first; this is logged as well.

    `officer`, `team` and `device` also find what was everybody's. As a table it is this part of the
    list.
    """
    ordered(start, end)
    wanted = audit_reads.Wanted(start, end, act, who, what, because, officer, team, device)
    async with database.read() as reader:
        page = await audit_reads.page(reader, viewer, wanted, part)
    note.say(rows=len(page.items))
    items = [LoggedEntry.model_validate(one, from_attributes=True) for one in page.items]
    if form is Format.JSON:
        return Listing(items=items, next=cursor_of(page))
    asked = {"from": str(start or ""), "to": str(end or "")}
    rows = [_row(one) for one in items]
    return table_response(form, "Audit", _COLUMNS, rows, asked)


def _row(entry: LoggedEntry) -> dict[str, object]:
    """An entry as a row: lists as texts."""
    values = entry.model_dump()
    for name in ("officers", "teams", "devices"):
        values[name] = ", ".join(values[name])
    values["details"] = ", ".join(f"{name}: {said}" for name, said in entry.details.items())
    return values


@router.get("/me/looks")
async def list_looks(
    *,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    part: Part,
    start: From = None,
    end: To = None,
) -> Listing[Look]:
    """Who did what with your own data, an officer's, when and by what authority, the newest first.

    Of what named you, everybody, the team that you were in at the time, or a device that you
    carried in the time asked for; without `from`, of the last 31 days.
    """
    ordered(start, end)
    until = now + dt.timedelta(microseconds=1) if end is None else end
    async with database.read() as reader:
        page = await audit_reads.looks(reader, viewer, start or until - LATELY, until, part)
    return Listing(items=[_own(one) for one in page.items], next=cursor_of(page))


def _own(entry: audit_reads.Logged) -> Look:
    look = Look.model_validate(entry, from_attributes=True)
    details = {name: said for name, said in look.details.items() if name in _OWN}
    return look.model_copy(update={"details": details})
