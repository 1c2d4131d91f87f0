"""Tokens: by which people and programs are known, and in which role."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Role
from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.errors import Invalid
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.storage import tokens

router = guarded_router("tokens")

_EXAMPLE = {
    "name": "Sgt Example's dashboard",
    "role": "supervisor",
    "teams": ["Centre, late turn"],
    "officer": None,
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
    expires: Moment | None = None


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
async def create_token(given: GivenToken, database: DatabaseDep, now: Now) -> NewToken:
    """Makes a token, which is shown only now."""
    if given.expires is not None and given.expires <= now:
        raise Invalid(where="expires", what="it is past already")
    secret = new_secret(Kind.TOKEN)
    new = tokens.NewToken(given.name, given.role, tuple(given.teams), given.officer, given.expires)
    async with database.write() as writer:
        token_id = await tokens.create(writer, new, digest(secret), now)
    return NewToken(**given.model_dump(), id=token_id, token=secret)


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
