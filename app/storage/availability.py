"""Tells what is wrong with the database from what is wrong with a row."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.storage.errors import Collision, DatabaseUnavailable

# The drivers' own errors reach us where `driver_of` is used.
_ERRORS = (
    OSError,
    sa.exc.TimeoutError,
    DBAPIError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_DATA_EXCEPTION, _INTEGRITY, _ROLLBACK = "22", "23", "40"
_LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def availability() -> Iterator[None]:
    """Turns the database's errors into ours, but for those that a row has brought on itself.

    Whatever is not proven to be a row's fault may pass (a server that is read-only for a while,
    a full disk, a table that is being migrated): then nobody's message may be given up for it.
    """
    try:
        yield
    except _ERRORS as exc:
        cause = _cause(exc)
        if _is_the_rows_fault(cause):
            raise
        kind = Collision if _is_collision(cause) else DatabaseUnavailable
        raise kind(_reason(exc)) from exc


def _cause(error: BaseException) -> BaseException:
    """The driver's own error; SQLAlchemy wraps asyncpg's twice."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _is_the_rows_fault(error: BaseException) -> bool:
    # asyncpg refuses by ValueError what it cannot encode.
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | ValueError):
        return True
    return _sqlstate(error).startswith((_DATA_EXCEPTION, _INTEGRITY))


def _is_collision(error: BaseException) -> bool:
    return _sqlstate(error).startswith((_ROLLBACK, _LOCK_NOT_AVAILABLE))


def _sqlstate(error: BaseException) -> str:
    return (error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""


def _reason(exc: BaseException) -> str:
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    return str(cause).strip().split("\n")[0] or type(cause).__name__
