"""Webhooks: addresses to which events are sent as they happen."""

from typing import Annotated

import httpx
from fastapi import Path, Request
from pydantic import AfterValidator, Field, HttpUrl

from app.access.secrets import new_signing_secret
from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.errors import Invalid
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.api.state import destinations_of, webhook_people_of
from app.destinations import ForbiddenDestination
from app.storage import webhooks
from app.storage.events import Kind

router = guarded_router("webhooks")

_EXAMPLE = {
    "name": "Control room",
    "url": "https://control.example/beatkeeper",
    "kinds": ["hotspot_overdue", "coverage_at_risk"],
    "people": False,
}
_STATE = {
    "last_event": 4711,
    "attempts": 2,
    "failing": "2026-01-15T15:02:12Z",
    "next_attempt": "2026-01-15T15:02:47Z",
    "error": "answered 503 Service Unavailable",
    "revoked": None,
}


def _without_login(url: HttpUrl) -> HttpUrl:
    if url.username is not None or url.password is not None:
        msg = "leave out the login: what is sent is signed instead"
        raise ValueError(msg)
    return url


class GivenWebhook(Schema):
    """A webhook to be made."""

    model_config = example(_EXAMPLE)

    name: Name
    url: Annotated[HttpUrl, AfterValidator(_without_login)] = Field(
        description="where events are posted; `https://`, but in a network of your own"
    )
    kinds: list[Kind] | None = Field(
        None, min_length=1, max_length=50, description="of events; null: all"
    )
    people: bool = Field(
        default=False,
        description="whether device and officers are named: who was where; only where the service "
        "is set to (BEATKEEPER_WEBHOOK_PEOPLE)",
    )


class Webhook(GivenWebhook):
    """A webhook as it is, without its secret.

    Up to `last_event` it has been told everything that it wants. While attempts fail it says so:
    since when, why, and when the next one is. It is `revoked` by you, by an answer of 410, or after
    three days on which every attempt failed.
    """

    model_config = example({"id": 7, **_EXAMPLE, "created": "2026-01-15T09:00:00Z", **_STATE})

    id: int
    created: Moment
    last_event: int
    attempts: int = Field(description="that failed since the last that did not")
    failing: Moment | None
    next_attempt: Moment | None
    error: str | None
    revoked: Moment | None


class NewWebhook(GivenWebhook):
    """A webhook just made; `secret` is shown only now."""

    model_config = example({"id": 7, **_EXAMPLE, "secret": "whsec_9f2c...shown-only-once"})

    id: int
    secret: str


@router.post("/webhooks", status_code=201)
async def create_webhook(
    given: GivenWebhook, request: Request, database: DatabaseDep, now: Now
) -> NewWebhook:
    """Makes a webhook, for live events from now on.

    Each is one POST, signed as Standard Webhooks says with the `secret`, which is shown only now.
    Nothing is sent to addresses that are not public, but in networks that the service is set to
    know as your own.
    """
    if given.people and not webhook_people_of(request):
        what = "who was where leaves the service only where BEATKEEPER_WEBHOOK_PEOPLE is true"
        raise Invalid(where="people", what=what)
    try:
        await destinations_of(request).check(httpx.URL(str(given.url)))
    except ForbiddenDestination as exc:
        raise Invalid(where="url", what=str(exc)) from exc
    secret = new_signing_secret()
    kinds = None if given.kinds is None else tuple(dict.fromkeys(given.kinds))
    new = webhooks.NewWebhook(given.name, str(given.url), kinds, given.people)
    async with database.write() as writer:
        webhook_id = await webhooks.create(writer, new, secret, now)
    return NewWebhook(**given.model_dump(), id=webhook_id, secret=secret)


@router.get("/webhooks")
async def list_webhooks(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Webhook]:
    """All webhooks, without their secrets, and how they are; those that were revoked, too."""
    async with database.read() as reader:
        page = await webhooks.page(reader, viewer, part)
    return Listing(items=[_shown(one) for one in page.items], next=cursor_of(page))


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def revoke_webhook(
    webhook_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], database: DatabaseDep, now: Now
) -> None:
    """Ends a webhook: within a second nothing more is sent there."""
    async with database.write() as writer:
        await webhooks.revoke(writer, webhook_id, now)


def _shown(one: webhooks.Webhook) -> Webhook:
    return Webhook.model_validate(
        {
            "id": one.id,
            "name": one.name,
            "url": one.url,
            "kinds": one.kinds,
            "people": one.people,
            "created": one.created,
            "last_event": one.state.position,
            "attempts": one.state.attempts,
            "failing": one.state.failing,
            "next_attempt": one.state.next_attempt,
            "error": one.state.error,
            "revoked": one.state.revoked,
        }
    )
