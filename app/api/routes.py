"""All routes of the API, behind one door."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Security
from pydantic import ConfigDict, Field

from app.api import (
    accounts,
    answers,
    audit,
    briefing_packs,
    briefings,
    chores,
    compliance,
    devices,
    duty,
    enrolment,
    erasures,
    events,
    exports,
    glass,
    health,
    hotspots,
    imports,
    keys,
    me,
    now,
    observability,
    own_data,
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

_BY_SHAPE: dict[str, dict[str, Any]] = {
    "400": _problem("Unreadable", 400, "the body is not JSON: Expecting value at character 0"),
    "404": _problem("Not found", 404, "there is none of that name, or it is not for you"),
    "408": _problem("Request Timeout", 408, "the body came more slowly than 8 KiB/s after 30 s"),
    "409": _problem("Conflict", 409, "it does not go with what is there already"),
    "413": _problem("Too large", 413, "the body is larger than 16777216 bytes; send it in parts"),
    "429": _problem(
        "Too many guesses", 429, "too many credentials that nobody holds came from this address"
    ),
}
_OF_A_BODY = ("400", "408", "413")

router = APIRouter(prefix=PREFIX, dependencies=[Security(bearer)], responses=_PROBLEMS)
_PEOPLE = people, duty, profiles, devices, enrolment, keys, observability
_PLACES = hotspots, briefings, plans, answers, visits, events, recomputes, compliance, now, exports
for module in (
    *_PEOPLE,
    *_PLACES,
    briefing_packs,
    returns,
    imports,
    tokens,
    accounts,
    me,
    glass,
    audit,
    webhooks,
    quarantine,
    health,
    chores,
    erasures,
    own_data,
):
    router.include_router(module.router)


def describe(document: dict[str, Any]) -> None:
    """Adds to the OpenAPI document what a route may answer because of what it is.

    Who names something may be told that it is not there; what alters something may be in conflict
    with what is; a body may be unreadable; and anybody may have guessed too often.
    """
    for path, methods in document["paths"].items():
        if path.startswith(PREFIX):
            for method, operation in methods.items():
                for status in _by_shape(method, operation):
                    operation["responses"].setdefault(status, _BY_SHAPE[status])


def _by_shape(method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield "429"
    if "requestBody" in operation:
        yield from _OF_A_BODY
    if method != "get":
        yield "409"
    if method != "get" or operation.get("parameters"):
        yield "404"
