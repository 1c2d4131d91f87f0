"""Which reported visit shows which true stay, and what there was of one without the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accuracy.path import Stay
from geofence.model import Bools, Floats, Ints

PATROL_S = 600.0  # the ten minutes that the verdicts are about
SHORTEST_S = 120.0  # a shorter stay is a pass-through


@dataclass(frozen=True, slots=True)
class Match:
    """True stays and the reported visits that show them, one to one as far as that goes."""

    owner: Ints  # patrol of each true stay
    true_s: Floats  # its length
    shown_by: Ints  # the reported visit that shows it; -1: none does
    whole: Bools  # whether the two overlap each other and nothing else
    behind: Ints  # of each reported visit the true stay that it overlaps most; -1: none


def match(stays: Sequence[Sequence[Stay]], owner: Ints, enter_s: Floats, exit_s: Floats) -> Match:
    """Match true stays, by patrol, with reported visits, by patrol, enter; times in seconds.

    The longest overlaps go first; what touches in a moment overlaps.
    """
    owners = np.repeat(np.arange(len(stays)), [len(each) for each in stays])
    true = np.array([stay for each in stays for stay in each]).reshape(-1, 2)
    shown_by = np.full(len(true), -1)
    whole = np.zeros(len(true), np.bool_)
    behind = np.full(len(owner), -1)
    for patrol in np.unique(owner).tolist():
        at, seen = np.flatnonzero(owners == patrol), np.flatnonzero(owner == patrol)
        start = np.maximum(true[at, 0, None], enter_s[seen])
        overlap = np.minimum(true[at, 1, None], exit_s[seen]) - start
        meets = overlap >= 0.0
        for i, j in _pairs(overlap):
            shown_by[at[i]] = seen[j]
            whole[at[i]] = meets[i].sum() == 1 and meets[:, j].sum() == 1
        if len(at):
            best = at[overlap.argmax(axis=0)]
            behind[seen] = np.where(meets.any(axis=0), best, -1)
    return Match(owners, true[:, 1] - true[:, 0], shown_by, whole, behind)


def _pairs(overlap: Floats) -> list[tuple[int, int]]:
    """Rows and columns paired by falling overlap, each in one pair at most."""
    pairs: list[tuple[int, int]] = []
    left = overlap.copy()
    while left.size and left.max() >= 0.0:
        i, j = np.unravel_index(left.argmax(), left.shape)
        pairs.append((int(i), int(j)))
        left[i], left[:, j] = -1.0, -1.0
    return pairs
