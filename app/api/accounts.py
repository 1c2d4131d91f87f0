"""Accounts of people who sign in, and their sessions."""

from typing import Annotated

from fastapi import Path, Request
from pydantic import Field

from app.access.sessions import Life
from app.access.viewer import Forbidden, Role
from app.api.browser import session_of
from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.api.state import sign_in_of
from app.storage import accounts, sessions

router = guarded_router("accounts")
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
_SET = {"role": "supervisor", "teams": ["Centre, late turn"], "officer": None, "locked": False}


class GivenAccount(Schema):
    """What an administrator sets of an account."""

    model_config = example(_SET)

    role: Role | None = Field(description="null: as the identity provider claims")
    teams: list[Name] = Field([], max_length=1000, description="a supervisor's, by name")
    officer: Name | None = Field(None, description="an officer's own number")
    locked: bool = Field(default=False, description="they may not sign in")


class Account(Schema):
    """Somebody who has signed in, or tried to."""

    model_config = example(
        {
            "id": 3,
            "issuer": "https://login.example",
            "subject": "248289761001",
            "name": "Sgt Example",
            **_SET,
            "locked": None,
            "created": "2026-01-15T09:00:00Z",
            "seen": "2026-01-16T08:55:00Z",
        }
    )

    id: int
    issuer: str
    subject: str = Field(description="whom the provider means")
    name: str
    role: Role | None
    teams: list[str]
    officer: str | None
    created: Moment
    seen: Moment = Field(description="when they last signed in")
    locked: Moment | None = Field(description="since when they may not; null: they may")


class Session(Schema):
    """A session that goes on."""

    model_config = example(
        {
            "id": 12,
            "account": 3,
            "name": "Sgt Example",
            "role": "supervisor",
            "created": "2026-01-16T08:55:00Z",
            "expires": "2026-01-16T20:55:00Z",
            "seen": "2026-01-16T10:12:00Z",
        }
    )

    id: int
    account: int
    name: str
    role: Role
    created: Moment
    expires: Moment = Field(description="at the latest")
    seen: Moment = Field(description="when it last asked for something, to a minute")


@router.get("/accounts")
async def list_accounts(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Account]:
    """All who have signed in, or who the provider knows and who may do nothing here yet."""
    async with database.read() as reader:
        page = await accounts.page(reader, viewer, part)
    items = [Account.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.put("/accounts/{account_id}")
async def change_account(
    request: Request, account_id: Id, given: GivenAccount, database: DatabaseDep, now: Now
) -> Account:
    """Sets role, teams, officer and lock, all of them; their sessions end at once.

    Nobody changes their own.
    """
    own = session_of(request)
    if own is not None and own.account_id == account_id:
        msg = "this account is your own: another administrator does that"
        raise Forbidden(msg)
    change = accounts.Change(given.role, tuple(given.teams), given.officer, given.locked)
    async with database.write() as writer:
        account = await accounts.change(writer, account_id, change, now)
    return Account.model_validate(account, from_attributes=True)


@router.get("/sessions")
async def list_sessions(
    request: Request, viewer: Asker, database: DatabaseDep, part: Part, now: Now
) -> Listing[Session]:
    """The sessions that go on."""
    sign_in = sign_in_of(request)
    life = Life() if sign_in is None else sign_in.life
    async with database.read() as reader:
        page = await sessions.page(reader, viewer, part, now, life)
    items = [Session.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: Id, database: DatabaseDep, now: Now) -> None:
    """Ends a session at once."""
    async with database.write() as writer:
        await sessions.end(writer, session_id, now)
