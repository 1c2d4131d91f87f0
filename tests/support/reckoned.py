"""Random evidence, reckoned, as exports take it: each hot spot's key and name made from its id."""

from collections.abc import Mapping

from app.compliance.groups import Period
from app.compliance.reckoning import Evidence, reckon
from app.reports.evidence import Reckoned


def reckoned(evidence: Evidence, period: Period) -> Reckoned:
    return Reckoned(evidence.plan.key, reckon(evidence, period), names(evidence))


def names(evidence: Evidence) -> Mapping[int, tuple[str, str]]:
    spots = {*evidence.hotspots.hotspot.tolist(), *evidence.visits.hotspot.tolist()}
    return {spot: (f"HS{spot}", f"Spot {spot}") for spot in spots}
