"""Tables as CSV (RFC 4180)."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence

from fastapi import Request, Response

from app.api.fields import rfc3339

# What a spreadsheet runs instead of showing it.
FORMULA = ("=", "+", "-", "@")


def csv_response(
    columns: Sequence[str], rows: Iterable[Mapping[str, object]], headers: Mapping[str, str]
) -> Response:
    """Rows as CSV: times in UTC to the microsecond, true and false in lower case, null empty.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=dict(headers))


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """The header that leads to the part of a list after this one (RFC 8288)."""
    if cursor is None:
        return {}
    return {"Link": f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return rfc3339(value) if isinstance(value, dt.datetime) else value
