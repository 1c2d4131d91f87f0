"""What the audit log says of requests is there before they are answered."""

from collections.abc import Awaitable
from typing import Annotated, Final, cast
from urllib.parse import unquote

from fastapi import Depends, Header, Query, Request, Response

from app.access.audit import LOOKS, Act, Entry
from app.access.viewer import Forbidden
from app.api import asked
from app.api.errors import Invalid, Stranger
from app.api.guard import household
from app.api.note import Note
from app.api.outgoing import Outgoing
from app.api.state import auditor_of, database_of, now_of
from app.storage.engine import Database
from app.storage.errors import NotFound

LONGEST_REASON: Final = 500


def audited(request: Request) -> Note:
    """What the log will say of this request."""
    return cast("Note", request.state.note)


Audited = Annotated[Note, Depends(audited)]


def logged_database(request: Request) -> Database:
    """The database of one request: what it changes is committed with the entry that says so."""
    database, note, now = database_of(request), audited(request), now_of(request)
    if note.act is None or note.act in LOOKS:
        return database
    # What FastAPI has parsed of the body, if that is JSON.
    note.ask(asked.of_body(getattr(request, "_json", None)))
    return database.ending(lambda writer: note.write(writer, now), note.committed)


def reason(
    request: Request,
    header: Annotated[
        str | None,
        Header(
            alias="X-Reason",
            max_length=LONGEST_REASON,
            description="why you ask, for the audit log; what is not ASCII, percent-encoded",
        ),
    ] = None,
    link: Annotated[
        str | None,
        Query(alias="reason", max_length=LONGEST_REASON, description="the same, of a link"),
    ] = None,
) -> None:
    """Keeps why somebody asks. Raises Invalid where the service is set to ask for it."""
    note = audited(request)
    given = (link or unquote(header or "")).strip()
    if given:
        note.say(reason=given)
    elif note.act in LOOKS and auditor_of(request).reason_required:
        what = "say why you look; the audit log keeps it"
        raise Invalid(where="header.X-Reason", what=what)


async def logged(request: Request, what: str, answer: Awaitable[Response]) -> Response:
    """The answer to a request, once the log tells of it; who is turned away is in the log too.

    Raises whatever making the answer does, and DatabaseUnavailable where nothing can be logged.
    """
    try:
        response = await answer
    except NotFound:
        # What is not there and what is not theirs: somebody has looked for it.
        if audited(request).act in LOOKS:
            audited(request).say(rows=0)
            await audited(request).commit(request)
        raise
    except (Stranger, Forbidden) as exc:
        await _turned_away(request, what, exc)
        raise
    try:
        audited(request).take(response)
        await audited(request).commit(request)
    except BaseException:
        if isinstance(response, Outgoing):
            await response.unmake()
        raise
    return response


async def _turned_away(request: Request, what: str, exc: Stranger | Forbidden) -> None:
    viewer = getattr(request.state, "viewer", None)
    if viewer is None and "authorization" not in request.headers and not request.cookies:
        return
    entry = Entry(
        act=Act.ACCESS,
        who="a stranger" if viewer is None else viewer.name,
        role="stranger" if viewer is None else viewer.role,
        authority="" if viewer is None else viewer.authority,
        origin=address_of(request),
        what=what,
        details={"refused": str(exc)},
    )
    await auditor_of(request).refuse(entry, household(address_of(request)))


def address_of(request: Request) -> str:
    """The client's address; behind a proxy, as the server was told to believe it."""
    return "" if request.client is None else request.client.host
