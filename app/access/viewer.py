"""Who asks, and what the one table here says that they may see and do, and of whom."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final


class Role(StrEnum):
    """What a person is to the force's hot spots policing; in one of these at a time."""

    OFFICER = auto()
    SUPERVISOR = auto()
    ANALYST = auto()
    ADMINISTRATOR = auto()
    AUDITOR = auto()


class Insider(StrEnum):
    """Who is nobody's role: the service itself, and whoever has its database in their hands."""

    SERVICE = auto()
    OPERATOR = auto()


class Right(StrEnum):
    """Something that a role may or may not do."""

    READ_HOTSPOTS = auto()
    READ_COMPLIANCE = auto()  # plans, teams, and figures of places
    READ_VISITS = auto()  # positions of people
    READ_TRACKS = auto()  # every fix of a person, where a visit does not do
    READ_PEOPLE = auto()  # officers, their duty times and who carried what
    READ_NAMES = auto()  # who a person or a device is: else a pseudonym stands there
    READ_DEVICES = auto()  # devices, their profiles and how well they are heard
    READ_PAYLOADS = auto()  # broken messages as they came, positions and all
    READ_AUDIT = auto()  # the log of who did what
    ANSWER = auto()  # say of a place that one could not attend, that one has read a briefing
    BREAK_GLASS = auto()  # see somebody whom one does not see otherwise, for a reason
    ERASE = auto()  # what is stored of a person
    MANAGE_PLACES = auto()  # hot spots, plans, briefings
    MANAGE_PEOPLE = auto()  # teams, officers, assignments, duty times, abstractions
    MANAGE_DEVICES = auto()  # devices, keys, profiles, broken messages
    MANAGE_ACCESS = auto()  # tokens, accounts, sessions, webhooks


class Scope(StrEnum):
    """Of whom a right is."""

    NOBODY = auto()
    SELF = auto()
    TEAMS = auto()
    EVERYBODY = auto()


def _of(scope: Scope, *rights: Right) -> dict[Right, Scope]:
    return dict.fromkeys(rights, scope)


_PLACES = _of(Scope.EVERYBODY, Right.READ_HOTSPOTS, Right.READ_COMPLIANCE)
_WHERE = Right.READ_VISITS, Right.READ_TRACKS, Right.READ_NAMES

RIGHTS: Final[Mapping[Role | Insider, Mapping[Right, Scope]]] = {
    Role.OFFICER: _PLACES | _of(Scope.SELF, *_WHERE, Right.ANSWER),
    Role.SUPERVISOR: _PLACES
    | _of(Scope.TEAMS, *_WHERE, Right.READ_PEOPLE, Right.READ_DEVICES, Right.BREAK_GLASS),
    # By pseudonyms, as there is no right to names.
    Role.ANALYST: _PLACES | _of(Scope.EVERYBODY, Right.READ_VISITS, Right.READ_DEVICES),
    # Knows who there is and what they carry, and not where they are.
    Role.ADMINISTRATOR: _PLACES
    | _of(
        Scope.EVERYBODY,
        Right.READ_PEOPLE,
        Right.READ_NAMES,
        Right.READ_DEVICES,
        Right.BREAK_GLASS,
        Right.ERASE,
        Right.MANAGE_PLACES,
        Right.MANAGE_PEOPLE,
        Right.MANAGE_DEVICES,
        Right.MANAGE_ACCESS,
    ),
    # Sees who looked at what, and nothing of what it is about.
    Role.AUDITOR: _of(Scope.EVERYBODY, Right.READ_AUDIT),
    Insider.SERVICE: _PLACES | _of(Scope.EVERYBODY, *_WHERE, Right.READ_PEOPLE, Right.READ_DEVICES),
    # Only officers speak for themselves.
    Insider.OPERATOR: _of(Scope.EVERYBODY, *(right for right in Right if right != Right.ANSWER)),
}

GLASS_OPENS: Final = frozenset({*_WHERE, Right.READ_PEOPLE, Right.READ_DEVICES})
"""What who breaks the glass may do, of those officers for whom it was broken."""


class Forbidden(Exception):
    """The viewer lacks a right."""


@dataclass(frozen=True, slots=True)
class Glass:
    """What a viewer has broken the glass for, by its id: officers, or broken messages."""

    id: int
    officer_ids: frozenset[int] = frozenset()
    payloads: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks: every read about people takes one and gives what it may see, no more.

    `authority` is by what they are known ("token 7", "session 3"); `scopes` the rights that a
    token is for (None: all of its role's); until it `expires` (None: for good).
    """

    name: str
    role: Role | Insider
    team_ids: frozenset[int] = frozenset()
    officer_id: int | None = None
    expires: dt.datetime | None = None
    scopes: frozenset[Right] | None = None
    authority: str = ""
    glass: Glass | None = None

    def scope_of(self, right: Right) -> Scope:
        """Of whom the viewer has a right, without what the glass was broken for."""
        if self._left_out(right):
            return Scope.NOBODY
        return RIGHTS[self.role].get(right, Scope.NOBODY)

    def broken_for(self, right: Right) -> frozenset[int]:
        """The ids of the officers of whom only the broken glass gives this right.

        What a token's scopes leave out of its role's rights no glass gives it.
        """
        if self.glass is None or right not in GLASS_OPENS or self._left_out(right):
            return frozenset()
        return self.glass.officer_ids

    def sees(self, right: Right, officer_id: int, team_id: int | None) -> bool:
        """Whether a right is of an officer of a team: what `people.seen_by` asks in SQL."""
        if officer_id in self.broken_for(right):
            return True
        match self.scope_of(right):
            case Scope.EVERYBODY:
                return True
            case Scope.TEAMS:
                return team_id in self.team_ids
            case Scope.SELF:
                return officer_id == self.officer_id
            case Scope.NOBODY:
                return False

    def permits(self, right: Right) -> bool:
        """Whether this viewer has a right, of whomever."""
        if right is Right.READ_PAYLOADS and self.glass is not None and self.glass.payloads:
            return True
        return self.scope_of(right) is not Scope.NOBODY or bool(self.broken_for(right))

    def require(self, right: Right) -> None:
        """Raises Forbidden, which names right and role, unless this viewer has the right."""
        if not self.permits(right):
            wanted = right.replace("_", " ")
            msg = f"the role {self.role} has no right to {wanted}"
            if self._left_out(right):
                msg = f"this token is not for the right to {wanted}"
            raise Forbidden(msg)

    def _left_out(self, right: Right) -> bool:
        """Whether the role has a right for which the token is not."""
        return self.scopes is not None and right in RIGHTS[self.role] and right not in self.scopes


SERVICE: Final = Viewer("the service", Insider.SERVICE)
"""The service itself, where it reads what it goes by."""

OPERATOR: Final = Viewer("the command line", Insider.OPERATOR)
"""Whoever runs commands on the database: who can do that can read it all anyway."""
