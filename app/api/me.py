"""Who asks, as the service sees them."""

from fastapi import Request
from pydantic import Field

from app.access.sessions import csrf_token
from app.access.viewer import Insider, Right, Role, Scope
from app.api.browser import secret_of, session_of
from app.api.deps import Asker, DatabaseDep
from app.api.fields import Moment, Schema, example
from app.api.route import guarded_router
from app.storage import accounts

router = guarded_router("me")


class Me(Schema):
    """Who you are here, and what you may see and do."""

    model_config = example(
        {
            "name": "Sgt Example",
            "role": "supervisor",
            "authority": "session 12",
            "rights": {"read_compliance": "everybody", "read_visits": "teams"},
            "scopes": None,
            "teams": ["Centre, late turn"],
            "officer": None,
            "expires": "2026-01-16T20:55:00Z",
            "csrf_token": "5f3c...",
            "broken_glass": None,
        }
    )

    name: str
    role: Role | Insider
    authority: str = Field(description="by what you are known")
    rights: dict[Right, Scope] = Field(description="of whom you have which right")
    scopes: list[Right] | None = Field(description="the rights a token is for; null: all")
    teams: list[str]
    officer: str | None = Field(description="your own number")
    expires: Moment | None
    csrf_token: str | None = Field(description="to send as X-CSRF-Token; null: you show a token")
    broken_glass: int | None = Field(description="the id of the glass that is broken for you")


@router.get("/me")
async def read_me(request: Request, viewer: Asker, database: DatabaseDep) -> Me:
    """Who you are, in which role, and what that lets you see and do."""
    async with database.read() as reader:
        teams, officer = await accounts.posts_of(reader, viewer)
    secret = None if session_of(request) is None else secret_of(request)
    scopes = {right: viewer.scope_of(right) for right in Right}
    return Me(
        name=viewer.name,
        role=viewer.role,
        authority=viewer.authority,
        rights={right: scope for right, scope in scopes.items() if scope is not Scope.NOBODY},
        scopes=None if viewer.scopes is None else sorted(viewer.scopes),
        teams=list(teams),
        officer=officer,
        expires=viewer.expires,
        csrf_token=None if secret is None else csrf_token(secret),
        broken_glass=None if viewer.glass is None else viewer.glass.id,
    )
