"""Whom rows of teams and organisations would give away, and how they are kept from it."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from app.compliance.duty import NOBODY, Officers
from app.compliance.intervals import Ints, counts
from app.compliance.visits import Bools


def veiled(officers: Officers, seen: Collection[int] | None) -> Officers:
    """Officers as rows of teams and of organisations may tell them apart (None: all are `seen`).

    Where a group has but one officer who is not seen, its row would be that officer's: its officers
    count among those of none. Should that leave one alone there, whom the total less the other rows
    would show, the smallest of the other groups joins.
    """
    if seen is None:
        return officers
    hidden = ~np.isin(officers.officer, list(seen))
    return replace(
        officers,
        team=_veiled(officers.team, hidden),
        organisation=_veiled(officers.organisation, hidden),
    )


def _veiled(group: Ints, hidden: Bools) -> Ints:
    numbers, row = np.unique(np.append(group, NOBODY), return_inverse=True)
    row, unseen = row[:-1], counts(row[:-1][hidden], len(numbers))
    joins = unseen == 1
    joins[0] = True  # those of none, who come first
    others = np.flatnonzero((unseen > 1) & ~joins)
    if unseen[joins].sum() == 1 and len(others):
        joins[others[np.argmin(unseen[others])]] = True
    return np.where(joins[row], NOBODY, group)
