"""Whom rows of teams and organisations would give away, and how they are kept from it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.compliance.duty import NOBODY, Abstractions, Officers
from app.compliance.intervals import Ints, counts
from app.compliance.visits import Bools

LEAST_OFFICERS: Final = 3
"""How many officers make a row of figures that tells of none of them, unless it is set."""
HIDDEN_REASON: Final = "one officer's own"
"""Stands for the reason of one officer that the viewer may not know."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Whom figures may tell of, to somebody: ids of officers; None: all.

    `followed` have rows of their own, maybe by pseudonym; `known` are those whom the viewer knows
    by name; a row of fewer than `least` others would tell of them. Of those `rostered` they may
    know why they were taken off the plan.
    """

    followed: Collection[int] | None = None
    known: Collection[int] | None = None
    rostered: Collection[int] | None = None
    least: int = LEAST_OFFICERS


ALL: Final = Sight()
"""Of who may know everybody's figures."""


@dataclass(frozen=True, slots=True)
class Veiled:
    """Officers as rows may tell them apart; of so many teams and organisations they do not."""

    officers: Officers
    teams: int = 0
    organisations: int = 0


def veiled(officers: Officers, working: Collection[int], sight: Sight) -> Veiled:
    """Officers as rows of teams and of organisations may tell them apart; `working` made the rows.

    Where fewer than the least of a group's officers were working whom the viewer does not know, its
    row would tell of them: its officers count among those of none. Should these be too few in turn,
    whom the total less the other rows would show, the smallest of the other groups joins.
    """
    if sight.known is None:
        return Veiled(officers)
    hidden = ~np.isin(officers.officer, list(sight.known))
    at_work = hidden & np.isin(officers.officer, list(working))
    team, teams = _folded(officers.team, hidden, at_work, sight.least)
    organisation, organisations = _folded(officers.organisation, hidden, at_work, sight.least)
    shown = replace(officers, team=team, organisation=organisation)
    return Veiled(shown, teams, organisations)


def _folded(group: Ints, hidden: Bools, at_work: Bools, least: int) -> tuple[Ints, int]:
    """The groups with those that may not be told apart as NOBODY; how many these are."""
    numbers, row = np.unique(np.append(group, NOBODY), return_inverse=True)
    row = row[:-1]
    unknown, unseen = (counts(row[some], len(numbers)) for some in (hidden, at_work))
    joins = (unknown > 0) & (unseen < least)
    joins[0] = True  # those of none, who come first
    others = np.flatnonzero(~joins & (unknown > 0))
    if 0 < unseen[joins].sum() < least and len(others):
        joins[others[np.argmin(unseen[others])]] = True
    return np.where(joins[row], NOBODY, group), int(joins.sum()) - 1


def reasons_veiled(abstractions: Abstractions, sight: Sight) -> Abstractions:
    """Abstractions without the reasons of single officers of whom the viewer may not know them.

    They are in words by which somebody might be known.
    """
    if sight.rostered is None:
        return abstractions
    told = np.isin(abstractions.officer, [NOBODY, *sight.rostered])
    reasons = (*abstractions.reasons, HIDDEN_REASON)
    reason = np.where(told, abstractions.reason, len(abstractions.reasons))
    return replace(abstractions, reason=reason, reasons=reasons)
