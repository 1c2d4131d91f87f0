"""What endpoints ask for: the database, the time, who looks, which part of a list, which format."""

import datetime as dt
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPBearer

from app.access.viewer import Right, Scope, Viewer
from app.api.audited import logged_database
from app.api.errors import Invalid
from app.api.fields import Day, Moment
from app.api.state import now_of
from app.compliance.groups import Period
from app.reports import formats
from app.storage.engine import Database
from app.storage.pages import Page, Position, Slice

# Documents the tokens; GuardedRoute is what asks for them.
bearer = HTTPBearer(
    scheme_name="Token", description="A person's or a program's token.", auto_error=False
)

# Past every id and every moment (microseconds) that there will be: no cursor of ours.
_LARGEST = 2**53
# What those who do not see everybody are shown who do not say from when on: to find theirs among
# the rest takes the longer, the farther back.
LATELY = dt.timedelta(days=31)
# Of cells, or of figures made from them.
MOST_DAYS = 400

DatabaseDep = Annotated[Database, Depends(logged_database)]
Now = Annotated[dt.datetime, Depends(now_of)]


def _asker(request: Request) -> Viewer:
    return cast("Viewer", request.state.viewer)


Asker = Annotated[Viewer, Depends(_asker)]
"""Who asks; that they may, `route.GuardedRoute` has seen to."""


def begin(
    viewer: Viewer, start: dt.datetime | None, end: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """From when on to list what the viewer sees; None: from the beginning.

    Raises Invalid where that is after the end.
    """
    ordered(start, end)
    if start is None and viewer.scope_of(Right.READ_VISITS) is not Scope.EVERYBODY:
        return (now if end is None else end) - LATELY
    return start


def ordered(start: dt.date | None, end: dt.date | None) -> None:
    """Raises Invalid where what is asked for (days, or moments) begins after it ends."""
    if start is not None and end is not None and start > end:
        raise Invalid(where="from", what="it is after to")


def _days(
    first: Annotated[Day, Query(alias="from", description="operational day")],
    last: Annotated[
        Day, Query(alias="to", description=f"operational day, included; at most {MOST_DAYS} days")
    ],
) -> Period:
    ordered(first, last)
    if (last - first).days >= MOST_DAYS:
        raise Invalid(where="to", what=f"at most {MOST_DAYS} days can be asked for at once")
    return Period(first, last)


Days = Annotated[Period, Depends(_days)]


def _as_at(
    now: Now,
    as_at: Annotated[
        Moment | None,
        Query(
            description="As it was known then, by visits closed by then; without it, as it is now, "
            "by open visits too."
        ),
    ] = None,
) -> dt.datetime | None:
    if as_at is not None and as_at > now:
        raise Invalid(where="as_at", what="it lies in the future")
    return as_at


AsAt = Annotated[dt.datetime | None, Depends(_as_at)]


def part_of_list(default: int, most: int, *, ordered_by: int = 1) -> Any:  # noqa: ANN401 -- as FastAPI's Depends
    """The dependency that gives which part of a list is asked for.

    `ordered_by` is of how many columns the list's order, and so a cursor, is made.
    """

    def part(
        limit: Annotated[int, Query(ge=1, le=most)] = default,
        cursor: Annotated[
            str | None, Query(max_length=60, description="`next` of the part before")
        ] = None,
    ) -> Slice:
        return Slice(limit, None if cursor is None else _position(cursor, ordered_by))

    return Depends(part)


Part = Annotated[Slice, part_of_list(default=100, most=1000)]


def _position(cursor: str, numbers: int) -> Position:
    parts = cursor.split(".")
    good = all(part.isascii() and part.isdigit() and int(part) <= _LARGEST for part in parts)
    if not good or len(parts) != numbers:
        raise Invalid(where="cursor", what="take it from `next` of an earlier answer")
    return tuple(int(part) for part in parts)


def cursor_of(page: Page[Any]) -> str | None:
    """The cursor of the part after this one."""
    return None if page.next is None else ".".join(str(number) for number in page.next)


def _table_format(
    f: Annotated[formats.Format | None, Query(description="The format; or send `Accept`.")] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> formats.Format:
    wanted = accept.lower().split(";")[0].strip()
    by_type = {form.essence: format_ for format_, form in formats.FORMS.items()}
    return f or by_type.get(wanted, formats.Format.JSON)


TableFormat = Annotated[formats.Format, Depends(_table_format)]
