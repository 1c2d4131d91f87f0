"""What the audit log says: who did what, to whose data, when, from where and by what authority.

The first six acts are those of section 62 of the Data Protection Act 2018.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final


class Act(StrEnum):
    """What was done."""

    COLLECTION = auto()
    ALTERATION = auto()
    CONSULTATION = auto()
    DISCLOSURE = auto()
    COMBINATION = auto()
    ERASURE = auto()
    ACCESS = auto()  # signed in or out, was refused, broke the glass


LOOKS: Final = frozenset({Act.CONSULTATION, Act.DISCLOSURE, Act.COMBINATION})
"""Acts that change nothing."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose data it was done to, by ids: of officers, of teams, of devices, or everybody's."""

    officers: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    devices: frozenset[int] = frozenset()
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log, without its time, which the log gives.

    `who` is a name and `authority` by what they were known ("token 7"); `origin` an address, or
    "command line"; `what` a route ("GET /visits") or a command; `details` what was asked for, never
    what was answered or erased. `rows`: how many were given; None: that is not counted.
    """

    act: Act
    who: str
    role: str
    authority: str
    origin: str
    what: str
    details: Mapping[str, str] = field(default_factory=dict)
    whose: Whose = Whose()
    reason: str | None = None
    rows: int | None = None
