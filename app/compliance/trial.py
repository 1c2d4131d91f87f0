"""Trials: which hot spots are under treatment on a day, and which are its controls."""

import datetime as dt
import hashlib

import numpy as np

from app.compliance.intervals import Ints
from app.compliance.plan import DrawnTrial, Plan


def arms(plan: Plan, day: dt.date, hotspots: Ints) -> tuple[Ints, Ints]:
    """Those of the hot spots (ids) that are under treatment on an operational day, and controls.

    Without a trial, all are under treatment. A trial that was listed says nothing of some.
    """
    match plan.trial:
        case None:
            return hotspots, hotspots[:0]
        case DrawnTrial() as trial:
            drawn = _drawn(trial, plan, day, hotspots)
            return np.sort(drawn[: trial.treated]), np.sort(drawn[trial.treated :])
        case listed:
            said = [listed.days.get((spot, day)) for spot in hotspots.tolist()]
            return (
                hotspots[[treated is True for treated in said]],
                hotspots[[treated is False for treated in said]],
            )


def _drawn(trial: DrawnTrial, plan: Plan, day: dt.date, hotspots: Ints) -> Ints:
    """The hot spots in the order of their lots, which anybody can draw again (sha256sum)."""

    def lot(spot: int) -> str:
        text = f"{trial.seed}:{day.isoformat()}:{plan.keys[spot]}"
        return hashlib.sha256(text.encode()).hexdigest()

    return np.array(sorted(hotspots.tolist(), key=lot), np.int64)
