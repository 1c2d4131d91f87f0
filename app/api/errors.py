"""Every error of the service as an RFC 9457 problem: one table says which is answered how."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.access.viewer import Forbidden
from app.compliance.plan import PlanError
from app.importing import problems as importing
from app.oidc import NotSignedIn, ProviderAway
from app.reports.errors import TemplateError
from app.signing_in import NoRole
from app.storage.errors import AllRefused, Conflict, DatabaseUnavailable, NotFound, Refused
from ingest import errors as ingest

MEDIA_TYPE = "application/problem+json"
_LOG: Final = logging.getLogger(__name__)
_DENIED: Final = "permission denied"


class Stranger(Exception):
    """No token, or one that nobody holds."""


class Unreadable(Exception):
    """A body that is not what its format says, as a whole."""


class Busy(Exception):
    """As much of a kind of work is under way as there may be at once."""


class TooMany(Exception):
    """One party has as much of a kind of work under way as it may have at once."""


class Invalid(Exception):
    """A value that cannot be meant: where it is and what is wrong with it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class Incomplete(Exception):
    """Some of what was sent is bad; the rest is stored."""

    def __init__(
        self,
        detail: str,
        imported: int,
        errors: Sequence[Mapping[str, object]],
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(detail)
        self.imported = imported
        self.errors = errors
        self.notes = notes


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is answered. `detail` None: the error's own words."""

    status: HTTPStatus
    title: str
    detail: str | None = None
    headers: Mapping[str, str] | None = None


_BEARER = {"WWW-Authenticate": "Bearer"}
_AGAIN = {"Retry-After": "5"}  # seconds, where the error does not say
_AWAY = Answer(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The database is away",
    "nothing was stored; the same request is welcome again in a few seconds",
    _AGAIN,
)

ANSWERS: dict[type[Exception], Answer] = {
    Stranger: Answer(HTTPStatus.UNAUTHORIZED, "Who are you?", headers=_BEARER),
    Forbidden: Answer(HTTPStatus.FORBIDDEN, "Not allowed"),
    NotSignedIn: Answer(HTTPStatus.BAD_REQUEST, "Not signed in"),
    NoRole: Answer(HTTPStatus.FORBIDDEN, "Not allowed", "ask an administrator"),
    ProviderAway: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Nobody can sign in",
        "the identity provider does not answer as it should; try again in a minute",
        {"Retry-After": "60"},
    ),
    NotFound: Answer(HTTPStatus.NOT_FOUND, "Not found"),
    Conflict: Answer(HTTPStatus.CONFLICT, "Conflict"),
    Unreadable: Answer(HTTPStatus.BAD_REQUEST, "Unreadable"),
    Busy: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "Busy", headers=_AGAIN),
    TooMany: Answer(HTTPStatus.TOO_MANY_REQUESTS, "Too many", headers=_AGAIN),
    Invalid: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid value"),
    PlanError: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid plan"),
    Refused: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid value"),
    TemplateError: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid template"),
    AllRefused: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid values"),
    Incomplete: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Stored in part"),
    importing.NoTables: Answer(HTTPStatus.BAD_REQUEST, "Unreadable"),
    importing.Unsound: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing imported"),
    DatabaseUnavailable: _AWAY,
    ingest.StorageUnavailable: _AWAY,
    ingest.SpoolUnavailable: Answer(HTTPStatus.SERVICE_UNAVAILABLE, _AWAY.title, headers=_AGAIN),
    ingest.TryAgain: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "Not taken whole", headers=_AGAIN),
    ingest.Unauthorised: Answer(HTTPStatus.UNAUTHORIZED, "Who are you?", headers=_BEARER),
    ingest.TooOften: Answer(HTTPStatus.TOO_MANY_REQUESTS, "Too often"),
    ingest.DecodeError: Answer(HTTPStatus.BAD_REQUEST, "Unreadable"),
    ingest.Unstorable: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Cannot be stored"),
    ingest.BodyTooLarge: Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large"),
    ingest.BodyTooSlow: Answer(HTTPStatus.REQUEST_TIMEOUT, "Too slow"),
    ingest.BodyCutShort: Answer(HTTPStatus.BAD_REQUEST, "Cut short"),
    ingest.EncodingRefused: Answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Compressed"),
}


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""
    for kind in ANSWERS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def problem(
    status: HTTPStatus,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """A problem document (RFC 9457); `more` are its extension members."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


async def _known(_request: Request, exc: Exception) -> JSONResponse:
    answer = next(ANSWERS[kind] for kind in type(exc).__mro__ if kind in ANSWERS)
    detail = answer.detail or str(exc) or answer.title
    headers = answer.headers
    if isinstance(exc, DatabaseUnavailable) and _DENIED in str(exc):
        # It will not come back by itself, and whoever asked is not told of our insides.
        _LOG.warning("a request was refused, as the database says: %s (`beatkeeper grant`?)", exc)
    if isinstance(exc, ingest.StorageUnavailable | ingest.TooOften):
        headers = {"Retry-After": str(exc.retry_after_s)}
    return problem(answer.status, answer.title, detail, headers, **_members(exc))


def _members(exc: Exception) -> dict[str, object]:
    if isinstance(exc, Invalid | PlanError | Refused):
        return {"errors": [{"where": exc.where, "what": exc.what}]}
    if isinstance(exc, Conflict) and exc.where is not None:
        return {"errors": [{"where": exc.where, "what": exc.what}]}
    if isinstance(exc, AllRefused):
        found = [{"where": f"{i}.{fault.where}", "what": fault.what} for i, fault in exc.faults]
        return {"errors": found}
    if isinstance(exc, Incomplete):
        return {"imported": exc.imported, "errors": exc.errors, "notes": exc.notes}
    if isinstance(exc, importing.Unsound):
        return {
            "errors": [asdict(one) for one in exc.problems],
            "more": exc.more,
            "notes": exc.notes,
        }
    return {}


async def _validation(_request: Request, exc: Exception) -> JSONResponse:
    found = exc.errors() if isinstance(exc, RequestValidationError) else []
    if found and found[0]["type"] == "json_invalid":
        reason = found[0]["ctx"]["error"]
        detail = f"the body is not JSON: {reason} at character {found[0]['loc'][-1]}"
        return problem(HTTPStatus.BAD_REQUEST, "Unreadable", detail)
    # Only where and what: the value itself may be a secret, or as long as the body.
    errors = [
        {
            "where": ".".join(str(part) for part in error["loc"]),
            "what": error["msg"].removeprefix("Value error, "),
        }
        for error in found
    ]
    detail = "; ".join(f"{error['where']}: {error['what']}" for error in errors[:5])
    if len(errors) > 5:  # noqa: PLR2004 -- as many as one reads
        detail += f"; and {len(errors) - 5} more"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid request", detail, errors=errors)


async def _http(_request: Request, exc: Exception) -> JSONResponse:
    if not isinstance(exc, HTTPException):
        raise exc
    status = HTTPStatus(exc.status_code)
    return problem(status, status.phrase, str(exc.detail), exc.headers)


async def _unknown(_request: Request, _exc: Exception) -> JSONResponse:
    # The server logs it with its traceback; whoever asked learns nothing of our insides.
    detail = "something went wrong here; the log says what"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", detail)
