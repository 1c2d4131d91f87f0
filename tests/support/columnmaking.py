"""Random evidence past what is read plainly: versions of a plan and of hot spots, clock changes."""

import datetime as dt
from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import strategies as st
from plaincolumns import evidence, moment
from plainmaking import END, FRIDAY, days, random_world

from app.compliance.cells import HotspotVersions, PlanVersion
from app.compliance.groups import Period
from app.compliance.reckoning import Evidence

# The clocks go forward, or back, on the Sunday.
FRIDAYS = (FRIDAY, dt.date(2026, 3, 27), dt.date(2026, 10, 23))


def random_evidence(random: Random) -> tuple[Evidence, Period]:
    """A world whose plan and hot spots were changed while it went on, and which days to ask for."""
    friday = random.choice(FRIDAYS)
    world = random_world(random, friday)
    after = replace(random_world(random, friday).plan, calendar=world.plan.calendar)
    changed_us, known = moment(world, random.randint(0, END)), evidence(world)
    versions = PlanVersion(world.plan, 0, changed_us), PlanVersion(after, changed_us)
    first, last = sorted(random.choices(days(friday), k=2))
    redrawn_us = world.plan.calendar.start_of(random.choice(days(friday)))
    return replace(
        known,
        plans=[version for version in versions if version.known_from_us <= known.as_at_us],
        hotspots=_redrawn(random, known.hotspots, redrawn_us),
    ), Period(first, last)


def _redrawn(random: Random, spots: HotspotVersions, time_us: int) -> HotspotVersions:
    """Each hot spot with a new version from then on, or with none."""
    ends_us = np.maximum(spots.valid_from_us, time_us)
    goes_on = np.array([random.random() < 0.8 for _ in ends_us])
    return HotspotVersions(
        hotspot=np.append(spots.hotspot, spots.hotspot[goes_on]),
        valid_from_us=np.append(spots.valid_from_us, ends_us[goes_on]),
        valid_to_us=np.append(ends_us, spots.valid_to_us[goes_on]),
        known_from_us=np.append(spots.known_from_us, spots.known_from_us[goes_on]),
        known_to_us=np.append(spots.known_to_us, spots.known_to_us[goes_on]),
    )


CASES = st.randoms(use_true_random=True).map(random_evidence)
