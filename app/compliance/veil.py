"""Whom rows of teams and organisations would give away, and how they are kept from it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.compliance.duty import NOBODY, Abstractions, Officers
from app.compliance.intervals import Ints, counts, looked_up
from app.compliance.visits import Bools

LEAST_OFFICERS: Final = 3
"""How many officers make a row of figures that tells of none of them, unless it is set."""
_MANY: Final = np.iinfo(np.int64).max
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
class Turnout:
    """Who was at work on which occasion (0, 1, ...): columns, each pair once.

    An occasion is a day, or whatever figures can be asked for apart.
    """

    officer: Ints
    occasion: Ints


@dataclass(frozen=True, slots=True)
class Veiled:
    """Officers as rows may tell them apart; of so many teams and organisations they do not."""

    officers: Officers
    teams: int = 0
    organisations: int = 0


def veiled(officers: Officers, turnout: Turnout, sight: Sight) -> Veiled:
    """Officers as rows of teams and of organisations may tell them apart; `turnout` made the rows.

    Where on some occasion fewer than the least of a group's officers were at work whom the viewer
    does not know, its row would tell of them, or that of a longer period less that of a shorter
    one: its officers count among those of none. Should these be too few in turn on an occasion,
    whom the total less the other rows would show, the smallest of the other groups joins. Each
    occasion is judged by itself, so that it is the same in whatever period it is asked for.
    """
    if sight.known is None:
        return Veiled(officers)
    hidden = ~np.isin(officers.officer, list(sight.known))
    place = looked_up(turnout.officer, officers.officer, np.arange(len(hidden)), NOBODY)
    unseen = np.append(hidden, False)[place]  # the last one, for NOBODY
    at_work = Turnout(place[unseen], turnout.occasion[unseen])
    team, teams = _folded(officers.team, hidden, at_work, sight.least)
    organisation, organisations = _folded(officers.organisation, hidden, at_work, sight.least)
    shown = replace(officers, team=team, organisation=organisation)
    return Veiled(shown, teams, organisations)


def _folded(group: Ints, hidden: Bools, at_work: Turnout, least: int) -> tuple[Ints, int]:
    """The groups with those that may not be told apart as NOBODY; how many these are.

    `at_work` are rows of the others' columns.
    """
    numbers, row = np.unique(np.append(group, NOBODY), return_inverse=True)
    row, many = row[:-1], len(numbers)
    occasions = int(at_work.occasion.max(initial=-1)) + 1
    cell = at_work.occasion * many + row[at_work.officer]
    unseen = counts(cell, occasions * many).reshape(occasions, many)
    joins = (unseen > 0) & (unseen < least)
    joins[:, 0] = True  # those of none, who come first
    left = np.where(joins, unseen, 0).sum(axis=1)
    others = np.where(joins | (unseen == 0), _MANY, unseen)
    few = (left > 0) & (left < least) & (others.min(axis=1) < _MANY)
    joins[few, others[few].argmin(axis=1)] = True
    idle = (counts(row[hidden], many) > 0) & (unseen.sum(axis=0) == 0)
    folded = joins.any(axis=0) | idle
    folded[0] = True
    return np.where(folded[row], NOBODY, group), int(folded.sum()) - 1


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
