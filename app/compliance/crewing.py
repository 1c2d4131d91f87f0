"""How many devices and officers were on each patrol, and for how long."""

from dataclasses import dataclass

import numpy as np

from app.compliance.effort import Effort
from app.compliance.intervals import Ints, counts, sums
from app.compliance.patrols import OUTSIDE
from app.compliance.visits import Bools
from app.compliance.work import Work


@dataclass(frozen=True, slots=True)
class Crewing:
    """One row a patrol: devices, officers, their time in microseconds, whether it may go on."""

    devices: Ints
    officers: Ints
    officer_us: Ints
    open: Bools


def crewing(done: Work, everybodys: Effort) -> Crewing:
    """Who was on each of all patrols; officers and their time only of patrols that have a cell.

    A device that nobody had is one that no officer stands behind.
    """
    size, lasting = len(done.patrols), done.patrol != OUTSIDE
    patrol, visits = done.patrol[lasting], done.visits
    some = everybodys.length_us > 0
    unfinished = np.zeros(size, np.bool_)
    unfinished[done.patrol[lasting & visits.open]] = True
    return Crewing(
        devices=_distinct(patrol, visits.device[lasting], size),
        officers=_distinct(everybodys.patrol[some], everybodys.officer[some], size),
        officer_us=sums(everybodys.patrol, everybodys.length_us, size),
        open=unfinished,
    )


def _distinct(group: Ints, number: Ints, size: int) -> Ints:
    """How many different numbers each of the groups 0 to `size` - 1 has."""
    order = np.lexsort((number, group))
    group, number = group[order], number[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (group[1:] != group[:-1]) | (number[1:] != number[:-1])
    return counts(group[fresh], size)
