"""`POST /api/v1/devices/enrol`: the devices of a table, and a table of their keys."""

import asyncio
import csv
import io
from typing import Any, Final

from fastapi import Request, Response

from app import enrolling
from app.api.deps import DatabaseDep, Now
from app.api.errors import Unreadable
from app.api.imports import XLSX
from app.api.route import LARGEST_BODY, guarded_router
from app.api.state import LookAgain, body_timeout_of
from app.enrolling import Keys
from app.reports.formats.text import no_formula
from ingest.uploadbody import Limits, uploaded

router = guarded_router("devices")

CSV: Final = "text/csv"
_GIVEN: Final = "name,kind,owntracks,issi\nphone-03,phone,pc1234/phone,\nradio-7,radio,,2167005\n"
_MADE: Final = "name,key\nphone-03,bkd_kq3v...\nradio-7,bkd_x1Zs...\n"
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            CSV: {"schema": _TEXT, "example": _GIVEN},
            XLSX: {
                "schema": {"type": "string", "format": "binary"},
                "example": "(the bytes of a workbook)",
            },
        },
    }
}
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "Names and keys, which are shown only now.",
        "content": {CSV: {"schema": _TEXT, "example": _MADE}},
    }
}


@router.post(
    "/devices/enrol",
    status_code=201,
    openapi_extra=_BODY,
    responses=_ANSWER,
    response_class=Response,
)
async def enrol(
    request: Request, database: DatabaseDep, now: Now, look_again: LookAgain
) -> Response:
    """Adds the devices of a table, CSV or XLSX: all of them, or none.

    Columns: name, kind, and where they are wanted profile, owntracks (user/device), issi, addresses
    (kind:address; ...), speaks_for (of a gateway: names; ...) and speed_unit. A 422 names every
    problem by row and column. The answer has each one's key, shown only now.
    """
    limits = Limits(LARGEST_BODY, body_timeout_of(request))
    async with uploaded(request, limits) as files:
        if len(files) != 1:
            msg = "send one table at a time"
            raise Unreadable(msg)
        given = files[0].path.name, await asyncio.to_thread(files[0].file.read)
    made: list[str] = []
    await enrolling.take(database, given, now, lambda keys: made.append(table(keys)))
    look_again()
    headers = {"Cache-Control": "no-store"}
    return Response(made[0], 201, headers, media_type=CSV)


def table(keys: Keys) -> str:
    """Names and keys as CSV; over MQTT the name is the user, and the key the password."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(("name", "key"))
    rows.writerows((no_formula(name), key.secret) for name, key in keys.items())
    return out.getvalue()
