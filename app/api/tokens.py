"""Tokens: by which people and programs are known, and in which role."""

from typing import Annotated

from fastapi import Depends, Path
from pydantic import Field

from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Right, Role
from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.api.state import token_days_of
from app.storage import tokens

router = guarded_router("tokens")

_EXAMPLE = {
    "name": "Sgt Example's dashboard",
    "role": "supervisor",
    "teams": ["Centre, late turn"],
    "officer": None,
    "scopes": ["read_hotspots", "read_compliance"],
    "expires": "2027-01-01T00:00:00Z",
}
_STORED = {"id": 7, **_EXAMPLE, "created": "2026-01-15T09:00:00Z", "revoked": None}


class GivenToken(Schema):
    """A token to be made."""

    model_config = example(_EXAMPLE)

    name: Name
    role: Role
    teams: list[Name] = Field([], max_length=1000, description="a supervisor's, by name")
    officer: Name | None = Field(None, description="an officer's own number")
    scopes: list[Right] | None = Field(
        None, max_length=len(Right), description="the rights it is for; null: all of its role"
    )
    expires: Moment | None = Field(None, description="null: as late as may be")


class Token(GivenToken):
    """A token as it is, without its secret."""

    model_config = example(_STORED)

    id: int
    created: Moment
    revoked: Moment | None


class NewToken(GivenToken):
    """A token just made; `token` is shown only now."""

    model_config = example({"id": 7, **_EXAMPLE, "token": "bkt_9f2c...shown-only-once"})

    id: int
    token: str


@router.post("/tokens", status_code=201)
async def create_token(
    given: GivenToken,
    database: DatabaseDep,
    now: Now,
    days: Annotated[int, Depends(token_days_of)],
) -> NewToken:
    """Makes a token, which is shown only now; it is good for a year at most, or as the force sets.

    Give a program no more than the `scopes` it needs.
    """
    secret = new_secret(Kind.TOKEN)
    expires = tokens.expiry(given.expires, now, days)
    scopes = None if given.scopes is None else frozenset(given.scopes)
    teams = tuple(given.teams)
    new = tokens.NewToken(given.name, given.role, teams, given.officer, expires, scopes)
    async with database.write() as writer:
        token_id = await tokens.create(writer, new, digest(secret), now)
    return NewToken(**given.model_dump() | {"expires": expires}, id=token_id, token=secret)


@router.get("/tokens")
async def list_tokens(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Token]:
    """All tokens, without their secrets; those that have ended, too."""
    async with database.read() as reader:
        page = await tokens.page(reader, viewer, part)
    items = [Token.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(
    token_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], database: DatabaseDep, now: Now
) -> None:
    """Ends a token at once."""
    async with database.write() as writer:
        await tokens.revoke(writer, token_id, now)
