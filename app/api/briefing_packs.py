"""Briefing packs: what a shift is told before it goes out, as a page or as PDF."""

from typing import Annotated, Literal

from fastapi import Depends, Header, Query, Request, Response

from app.access.viewer import Right
from app.api.audited import Audited
from app.api.deps import Asker, DatabaseDep, Now
from app.api.documents import desk_of
from app.api.fields import Moment, Name
from app.api.route import guarded_router
from app.api.state import least_officers_of
from app.reports import briefing_pages
from app.reports.briefing import Material, pack
from app.reports.briefing_reading import Asked, material

router = guarded_router("briefings")
Kind = Literal["html", "pdf"]
# It holds no script, and nothing of it is to be fetched, whatever a hot spot is called.
_NOTHING_ELSE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def _kind(
    f: Annotated[Kind | None, Query(description="The format; or send `Accept`.")] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Kind:
    return f or ("pdf" if accept.lower().startswith("application/pdf") else "html")


@router.get(
    "/briefing-pack",
    response_class=Response,
    responses={
        200: {
            "description": "The briefing",
            "content": {
                "text/html": {"example": "<!doctype html>..."},
                "application/pdf": {"example": "%PDF-..."},
            },
        }
    },
)
async def get_briefing_pack(
    *,
    request: Request,
    viewer: Asker,
    note: Audited,
    least: Annotated[int, Depends(least_officers_of)],
    database: DatabaseDep,
    now: Now,
    kind: Annotated[Kind, Depends(_kind)],
    plan: Annotated[Name, Query(description="its key")],
    team: Annotated[Name | None, Query(description="whom it is for; else everybody")] = None,
    at: Annotated[
        Moment | None,
        Query(description="when the briefing is held: a past one as known then; else now"),
    ] = None,
) -> Response:
    """The briefing of a shift, on A4: coverage, what is owed where, tasks, a map, what changed.

    It is for the schedule window under way, or about to begin within the hour, or the next.
    Officers are thanked by name where you see them and may name them; otherwise teams are.
    """
    note.show(Right.READ_VISITS)
    async with database.read() as reader:
        found = await material(reader, viewer, Asked(plan, team, at, now, least))
    return await desk_of(request).make(lambda: _answer(found, kind))


def _answer(found: Material, kind: Kind) -> Response:
    if kind == "pdf":
        return Response(briefing_pages.pdf(pack(found)), media_type="application/pdf")
    return Response(briefing_pages.html(pack(found)), media_type="text/html", headers=_NOTHING_ELSE)
