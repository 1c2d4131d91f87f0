"""What the application gives its routes: the database, the clock, patience, and what is set."""

import datetime as dt
from pathlib import Path
from typing import cast

from fastapi import Request

from app.live import Live
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
