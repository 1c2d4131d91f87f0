"""What the audit log says of a request: gathered as it goes, committed before it is answered."""

import datetime as dt
from collections.abc import Awaitable, Mapping
from typing import Annotated, Final, cast
from urllib.parse import unquote

from fastapi import Depends, Header, Query, Request, Response

from app.access.audit import LOOKS, Act, Entry, Whose
from app.access.rules import Rule
from app.access.viewer import Forbidden, Right, Scope, Viewer
from app.api import asked
from app.api.errors import Invalid, Stranger
from app.api.guard import household
from app.api.outgoing import Outgoing
from app.api.state import auditor_of, database_of, now_of
from app.storage import audit
from app.storage.audit_names import Named, whose
from app.storage.engine import Database, Reader, Writer
from app.storage.errors import NotFound

LONGEST_REASON: Final = 500
_FILE: Final = "content-disposition"
# Whoever is shown figures of places may see people beside them, as far as this right goes.
_BESIDE: Final[Mapping[Right, Right]] = {Right.READ_COMPLIANCE: Right.READ_VISITS}
# Rights to something of people; of what other rights are to, an endpoint says whose it is.
_OF_PEOPLE: Final = frozenset(
    {
        Right.READ_VISITS,
        Right.READ_TRACKS,
        Right.READ_PEOPLE,
        Right.READ_DEVICES,
        Right.ANSWER,
    }
)


class Note:
    """What one request will be in the log; an endpoint may `say` more, and cannot say nothing."""

    def __init__(self, viewer: Viewer, rule: Rule, what: str, origin: str) -> None:
        """`what` is the route ("GET /visits"), `origin` the client's address."""
        self._viewer = viewer
        self._rule = rule
        self._what = what
        self._origin = origin
        self._act = rule.act
        self._asked: list[tuple[str, object]] = []
        self._said: dict[str, str] = {}
        self._whose: Whose | None = None
        self._reason: str | None = None
        self._rows: int | None = None
        self._written = False

    @property
    def act(self) -> Act | None:
        """What the log calls the request; None: it is not logged."""
        return self._act

    def ask(self, pairs: asked.Pairs) -> None:
        """Takes what was asked for: parameters by name."""
        self._asked += pairs

    def say(
        self,
        *,
        whose: Whose | None = None,
        reason: str | None = None,
        rows: int | None = None,
        act: Act | None = None,
        **details: str,
    ) -> None:
        """Says more of the request, or better: whose data it was, why, how many rows, what."""
        self._whose = self._whose if whose is None else whose
        self._reason = self._reason if reason is None else reason
        self._rows = self._rows if rows is None else rows
        self._act = self._act if act is None else act
        self._said.update(details)

    def take(self, response: Response) -> None:
        """Takes from the answer what the look was: a file is data that somebody takes away."""
        if self._act is not Act.CONSULTATION or _FILE not in response.headers:
            return
        joined = any(name == "study" for name, _ in self._asked)
        self._act = Act.COMBINATION if joined else Act.DISCLOSURE

    async def write(self, writer: Writer, now: dt.datetime) -> None:
        """Writes the entry, once, as the last thing of the transaction of what it tells of."""
        if self._written or self._act is None:
            return
        await self._look_up(writer)
        await audit.write(writer, [self._entry(self._act)], now)
        self._written = True

    async def commit(self, request: Request) -> None:
        """Commits the entry on its own. Raises DatabaseUnavailable where that cannot be done."""
        if self._written or self._act is None:
            return
        if self._whose is None and self._named():
            async with database_of(request).read() as reader:
                await self._look_up(reader)
        await auditor_of(request).note(self._entry(self._act))
        self._written = True

    def _named(self) -> Named:
        collection = self._what.partition("/")[2].partition("/")[0]
        return asked.named(collection, self._asked)

    async def _look_up(self, reader: Reader) -> None:
        named = self._named()
        if self._whose is None and named:
            self._whose = await whose(reader, named)

    def _entry(self, act: Act) -> Entry:
        return Entry(
            act=act,
            who=self._viewer.name,
            role=self._viewer.role,
            authority=self._viewer.authority,
            origin=self._origin,
            what=self._what,
            details=asked.details(self._asked) | self._said,
            whose=_within(self._viewer, self._rule) if self._whose is None else self._whose,
            reason=self._reason,
            rows=self._rows,
        )


def _within(viewer: Viewer, rule: Rule) -> Whose:
    """Whose data a rule lets a viewer see who names nobody: as far as the right goes."""
    rights = {_BESIDE.get(right, right) for right in rule.rights} & _OF_PEOPLE
    found = Whose()
    for right in rights:
        officers = found.officers | viewer.broken_for(right)
        match viewer.scope_of(right):
            case Scope.EVERYBODY:
                return Whose(everybody=True)
            case Scope.TEAMS:
                found = Whose(officers, found.teams | viewer.team_ids)
            case Scope.SELF if viewer.officer_id is not None:
                found = Whose(officers | {viewer.officer_id}, found.teams)
            case _:
                found = Whose(officers, found.teams)
    return found


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
    return database.ending(lambda writer: note.write(writer, now))


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
