"""The funder's monthly return, from a template."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response

from app.api.deps import AsAt, Asker, DatabaseDep, Now
from app.api.documents import desk_of
from app.api.fields import Name
from app.api.route import guarded_router
from app.api.state import least_officers_of, templates_of
from app.reports.return_templates import Template, Templates, fill
from app.reports.returns import Month, fields
from app.reports.returns_reading import month as read_month

router = guarded_router("compliance")
_MADE = {
    "text/csv": {"example": "Return,Autumn nights,2026-10\r\n"},
    "application/pdf": {"example": "%PDF-..."},
}


@router.get(
    "/returns",
    response_class=Response,
    responses={200: {"description": "What the template makes", "content": _MADE}},
)
async def get_return(
    *,
    request: Request,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    as_at: AsAt,
    plan: Annotated[Name, Query(description="its key")],
    month: Annotated[Name, Query(description="as 2026-10")],
    template: Annotated[
        Name, Query(description="a file's name: one shipped, or of the folder that is set")
    ] = "monthly_return.csv",
) -> Response:
    """A plan's month for a funder: person-hours, patrols, coverage, in total and by organisation.

    Its figures are those of `/compliance`; what they leave open is said beside them. The template
    says what it looks like and which kind of file it is.
    """
    chosen = await asyncio.to_thread(Templates(templates_of(request)).find, template)
    async with database.read() as reader:
        found = await read_month(
            reader, viewer, plan, month, as_at=as_at, now=now, least=least_officers_of(request)
        )
    return await desk_of(request).make(lambda: _answer(chosen, found, month))


def _answer(template: Template, month: Month, when: str) -> Response:
    made = fill(template, fields(month), month.made_us)
    name = f"{template.name.removesuffix(template.suffix)}-{when}{template.makes}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        # A page in which there may be a force's own markup runs nothing here.
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(made, media_type=template.media_type, headers=headers)
