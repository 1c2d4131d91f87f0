"""Who asks, and what the one table here says that they may see and do."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final


class Role(StrEnum):
    """What a person is to the force's hot spots policing."""

    OFFICER = auto()
    SUPERVISOR = auto()
    ANALYST = auto()
    ADMINISTRATOR = auto()
    AUDITOR = auto()


class Right(StrEnum):
    """Something that a role may or may not do."""

    READ_HOTSPOTS = auto()
    READ_COMPLIANCE = auto()  # plans, and figures of places
    READ_VISITS = auto()  # positions of people: of whose, `Viewer.sees` says
    READ_TRACKS = auto()  # every fix of a person, where a visit does not do: of whose, likewise
    READ_PEOPLE = auto()  # teams, officers and who carried what
    READ_NAMES = auto()  # who a person is, in what is taken away: else a pseudonym stands there
    READ_DEVICES = auto()  # devices and profiles
    ANSWER = auto()  # say of a place that one could not attend, that one has read a briefing
    MANAGE = auto()  # people, devices, keys, hot spots, plans, tokens


class Scope(StrEnum):
    """Whose positions and names somebody sees."""

    NOBODY = auto()
    SELF = auto()
    TEAMS = auto()
    EVERYBODY = auto()


_PLACES = frozenset({Right.READ_HOTSPOTS, Right.READ_COMPLIANCE})
_PEOPLE = frozenset({Right.READ_VISITS, Right.READ_PEOPLE, Right.READ_DEVICES})
_KNOWN = frozenset({Right.READ_TRACKS, Right.READ_NAMES})

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OFFICER: _PLACES | _KNOWN | {Right.READ_VISITS, Right.ANSWER},
    Role.SUPERVISOR: _PLACES | _PEOPLE | _KNOWN,
    Role.ANALYST: _PLACES | _PEOPLE,
    # An administrator may read positions for now: small forces have one person for all of this.
    # But only officers speak for themselves.
    Role.ADMINISTRATOR: frozenset(Right) - {Right.ANSWER},
    # Sees the log of who looked at what, which is not here yet, and nothing of what it is about.
    Role.AUDITOR: frozenset(),
}

SCOPES: dict[Role, Scope] = {
    Role.OFFICER: Scope.SELF,
    Role.SUPERVISOR: Scope.TEAMS,
    Role.ANALYST: Scope.EVERYBODY,
    Role.ADMINISTRATOR: Scope.EVERYBODY,
    Role.AUDITOR: Scope.NOBODY,
}


class Forbidden(Exception):
    """The viewer's role lacks a right."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks: every read about people takes one and gives what it may see, no more.

    Until it `expires`; None: for good.
    """

    name: str
    role: Role
    team_ids: frozenset[int] = frozenset()
    officer_id: int | None = None
    expires: dt.datetime | None = None

    @property
    def scope(self) -> Scope:
        """Whose positions and names this viewer sees."""
        return SCOPES[self.role]

    def sees(self, officer_id: int, team_id: int | None) -> bool:
        """Whether this viewer sees an officer of a team: what `people.seen_by` asks in SQL."""
        match self.scope:
            case Scope.EVERYBODY:
                return True
            case Scope.TEAMS:
                return team_id in self.team_ids
            case Scope.SELF:
                return officer_id == self.officer_id
            case Scope.NOBODY:
                return False

    def permits(self, right: Right) -> bool:
        """Whether this viewer has a right."""
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raises Forbidden, which names right and role, unless this viewer has the right."""
        if not self.permits(right):
            wanted = right.replace("_", " ")
            msg = f"the role {self.role} has no right to {wanted}"
            raise Forbidden(msg)


SERVICE: Final = Viewer("the service", Role.ANALYST)
"""The service itself, where it reads what it goes by."""
