"""All routes of the API, behind one door."""

from typing import Any

from fastapi import APIRouter, Security
from pydantic import ConfigDict, Field

from app.api import (
    answers,
    briefing_packs,
    briefings,
    compliance,
    devices,
    duty,
    events,
    exports,
    health,
    hotspots,
    imports,
    now,
    observability,
    people,
    plans,
    profiles,
    quarantine,
    recomputes,
    returns,
    tokens,
    visits,
    webhooks,
)
from app.api.deps import bearer
from app.api.errors import MEDIA_TYPE
from app.api.fields import Schema
from app.api.route import PREFIX


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="one sentence: what is wrong and where")


def _problem(title: str, status: int, detail: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    schema = Problem.model_json_schema()
    return {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: _problem("Who are you?", 401, "send a token as `Authorization: Bearer TOKEN`"),
    403: _problem("Not allowed", 403, "the role auditor has no right to read visits"),
    422: _problem("Invalid request", 422, "query.from: give a day as YYYY-MM-DD"),
    503: _problem("The database is away", 503, "nothing was stored; try again in a few seconds"),
}

router = APIRouter(prefix=PREFIX, dependencies=[Security(bearer)], responses=_PROBLEMS)
_PEOPLE = people, duty, profiles, devices, observability
_PLACES = hotspots, briefings, plans, answers, visits, events, recomputes, compliance, now, exports
for module in (
    *_PEOPLE,
    *_PLACES,
    briefing_packs,
    returns,
    imports,
    tokens,
    webhooks,
    quarantine,
    health,
):
    router.include_router(module.router)
