"""What one request will be in the audit log: gathered as it goes, written with what it does."""

import datetime as dt
from typing import Final

from fastapi import Request, Response

from app.access.audit import Act, Entry, Whose
from app.access.rules import Rule
from app.access.viewer import Right, Scope, Viewer
from app.api import asked
from app.api.state import auditor_of, database_of
from app.storage import audit
from app.storage.audit_names import Found, Named, find
from app.storage.engine import Reader, Writer

_FILE: Final = "content-disposition"
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
        self._rights = set(rule.rights)
        self._what = what
        self._origin = origin
        self._act = rule.act
        self._asked: list[tuple[str, object]] = []
        self._meant: list[tuple[str, object]] = []
        self._said: dict[str, str] = {}
        self._whose: Whose | None = None
        self._found: Found | None = None
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

    def mean(self, kind: str, name: str) -> None:
        """Takes the name ("device", "officer") that a pseudonym stood for: whose data it was."""
        self._meant.append((kind, name))

    def show(self, right: Right) -> None:
        """Knows by which other right people are shown beside what the rule names."""
        self._rights.add(right)

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
        """Writes the entry as the last thing of the transaction of what it tells of."""
        if self._written or self._act is None:
            return
        await self._look_up(writer)
        await audit.write(writer, [self._entry(self._act)], now)

    def committed(self) -> None:
        """Knows that such a transaction was committed: another adds no entry."""
        self._written = True

    async def commit(self, request: Request) -> None:
        """Commits the entry on its own. Raises DatabaseUnavailable where that cannot be done."""
        if self._written or self._act is None:
            return
        if self._found is None and self._named():
            async with database_of(request).read() as reader:
                await self._look_up(reader)
        await auditor_of(request).note(self._entry(self._act))
        self._written = True

    async def again(self, request: Request) -> None:
        """Commits the entry once more, of what goes on. Raises DatabaseUnavailable."""
        self._written = False
        await self.commit(request)

    @property
    def _collection(self) -> str:
        """The first part of the route's path."""
        return self._what.partition("/")[2].partition("/")[0]

    def _named(self) -> Named:
        if self._whose is not None:
            return Named()
        return asked.named(self._collection, [*self._asked, *self._meant])

    async def _look_up(self, reader: Reader) -> None:
        named = self._named()
        self._found = await find(reader, named) if named else None

    @property
    def _glass(self) -> dict[str, str]:
        """Which glass was broken for whoever asks."""
        glass = self._viewer.glass
        return {} if glass is None else {"glass": str(glass.id)}

    def _entry(self, act: Act) -> Entry:
        found = self._found or Found(within(self._viewer, *self._rights))
        known = found.names if self._whose is None else None
        return Entry(
            act=act,
            who=self._viewer.name,
            role=self._viewer.role,
            authority=self._viewer.authority,
            origin=self._origin,
            what=self._what,
            details=asked.details(self._collection, self._asked, known) | self._said | self._glass,
            whose=found.whose if self._whose is None else self._whose,
            reason=self._reason,
            rows=self._rows,
        )


def within(viewer: Viewer, *rights: Right) -> Whose:
    """Whose data rights let a viewer see who names nobody: as far as those to people go."""
    found = Whose()
    for right in _OF_PEOPLE.intersection(rights):
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
