"""What the application gives its routes: the database, the clock, patience, and what is set."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from app.auditing import Auditor
from app.destinations import Destinations
from app.directory import Directory
from app.live import Live
from app.signing_in import SignIn
from app.storage.engine import Database
from app.storage.types import from_us


def database_of(request: Request) -> Database:
    """The application's database."""
    return cast("Database", request.app.state.database)


def now_of(request: Request) -> dt.datetime:
    """The time, UTC, by the application's clock."""
    return from_us(request.app.state.now_us())


def live_of(request: Request) -> Live:
    """The application's reader of live events."""
    return cast("Live", request.app.state.live)


def templates_of(request: Request) -> Path | None:
    """The folder of the force's own templates; None: it has none."""
    return cast("Path | None", request.app.state.templates)


def body_timeout_of(request: Request) -> float:
    """How long a body may take to arrive before it must keep coming; seconds."""
    return cast("float", request.app.state.body_timeout_s)


def least_officers_of(request: Request) -> int:
    """How many officers make a row of figures that tells of none of them."""
    return cast("int", request.app.state.least_officers)


def destinations_of(request: Request) -> Destinations:
    """Where webhooks may go."""
    return cast("Destinations", request.app.state.destinations)


def webhook_people_of(request: Request) -> bool:
    """Whether webhooks may be told who it was."""
    return cast("bool", request.app.state.webhook_people)


def event_streams_of(request: Request) -> int:
    """How many event streams one token or session may follow at once."""
    return cast("int", request.app.state.event_streams)


def token_days_of(request: Request) -> int:
    """How long a token may be good for, days."""
    return cast("int", request.app.state.token_days)


def sign_in_of(request: Request) -> SignIn | None:
    """How people sign in; None: nobody can."""
    return cast("SignIn | None", getattr(request.app.state, "sign_in", None))


def auditor_of(request: Request) -> Auditor:
    """Who writes the audit log of what requests looked at."""
    return cast("Auditor", request.app.state.auditor)


def _look_again_of(request: Request) -> Callable[[], None]:
    # Where the doors are another process', that one finds out by itself.
    directory = cast("Directory | None", getattr(request.app.state, "directory", None))
    return _nothing if directory is None else directory.look_again


def _nothing() -> None:
    pass


LookAgain = Annotated[Callable[[], None], Depends(_look_again_of)]
"""Tells the doors of this process, after the commit, that who may come in has changed."""
