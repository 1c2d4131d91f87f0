"""The design of the study: which devices go on which patrols, and what it all comes to."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypedDict

import numpy as np

from accuracy.devices import Device
from accuracy.figures import Band, Figures, bands, figures
from accuracy.matching import PATROL_S
from accuracy.patrols import ARRIVALS, Purpose, draw_patrol
from accuracy.readings import Ground, Reading, read
from accuracy.real import Seen
from geofence.model import Bools, Profile

SEED: Final = 2026
INTERVALS_S: Final = (5, 15, 30, 60, 120, 300)
ERRORS_M: Final = (3, 6, 10, 15)
USUAL_M: Final = 6  # where only one error is shown: that of a phone in an ordinary street
PATROLS: Final = 2000
OTHERS: Final = 1000  # patrols of each further set
ODD_INTERVALS_S: Final = (15, 60)

Circumstance = Callable[[Device], Device]


def _profile(device: Device, profile: Profile) -> Device:
    return replace(device, profile=replace(profile, interval_s=device.interval_s))


CIRCUMSTANCES: Final[dict[str, Circumstance]] = {
    "as in the tables above": lambda d: d,
    "tells half the radius that it should": lambda d: replace(d, tells=0.5),
    "tells twice the radius": lambda d: replace(d, tells=2.0),
    "tells nothing, and the profile assumes nothing": lambda d: replace(d, tells=None),
    "tells nothing, and the profile assumes 10 m": lambda d: _profile(
        replace(d, tells=None), Profile(assumed_accuracy_m=10.0)
    ),
    "error that lasts two to five minutes": lambda d: replace(d, memory_s=(120.0, 300.0)),
    "four minutes of three times the error, untold": lambda d: replace(d, wild=3.0),
    "no fix for five minutes, once": lambda d: replace(d, silent_s=300.0),
    "silent until it has moved 25 m, as its profile says": lambda d: _profile(
        replace(d, moves_m=25.0), Profile(reports_when_still=False)
    ),
    "the same, its profile with a still radius of 60 m": lambda d: _profile(
        replace(d, moves_m=25.0), Profile(reports_when_still=False, still_radius_m=60.0)
    ),
    "the same, but its profile does not say so": lambda d: replace(d, moves_m=25.0),
}


class Beside(TypedDict):
    """Patrols that were never inside: how many were told of all the same."""

    n: int
    visits: int  # with a visit of two minutes or more
    long: int  # with one that reads ten minutes or more
    yes: int  # with one that surely was


class Results(TypedDict):
    """All figures of the study. Keys: interval in seconds, error in metres, or what they say."""

    seed: int
    patrols: int
    others: int
    stays: dict[str, Figures]  # "interval/error"
    bands: dict[str, list[Band]]  # "interval", at the usual error
    arrivals: dict[str, Figures]  # "interval/arrival"
    sets: dict[str, Figures]  # "purpose/interval"
    circumstances: dict[str, Figures]  # "circumstance/interval"
    beside: dict[str, Beside]  # "interval/error"
    real: list[Seen]


def run_study(patrols: int = PATROLS, others: int = OTHERS) -> Results:
    """Run the whole study on so many simulated patrols; without the real tracks."""
    staying = ground("stays", patrols)
    usual = {i: read(device(i, USUAL_M), staying, SEED) for i in INTERVALS_S}
    return Results(
        seed=SEED,
        patrols=patrols,
        others=others,
        stays={_key(d): figures(read(d, staying, SEED)) for d in devices()},
        bands={str(interval_s): bands(found) for interval_s, found in usual.items()},
        arrivals=_arrivals(usual, staying),
        sets=_sets(others),
        circumstances=_circumstances(ground("stays", others)),
        beside=_beside(ground("elsewhere", others)),
        real=[],
    )


def devices() -> Iterator[Device]:
    """Every interval with every error, each with a profile that knows the interval."""
    for interval_s in INTERVALS_S:
        for error_m in ERRORS_M:
            yield device(interval_s, error_m)


def device(interval_s: float, error_m: float) -> Device:
    """An honest device that sends at a steady interval, and its profile."""
    return Device(interval_s, error_m, profile=Profile(interval_s=interval_s))


def ground(purpose: Purpose, count: int) -> Ground:
    """The first so many patrols of a set."""
    return Ground.of([draw_patrol(number, SEED, purpose) for number in range(count)])


def _key(kind: Device) -> str:
    return f"{kind.interval_s}/{kind.error_m}"


def _arrivals(readings: dict[int, Reading], on: Ground) -> dict[str, Figures]:
    came = np.array([patrol.arrival for patrol in on.patrols])
    return {
        f"{interval_s}/{arrival}": figures(reading, came == arrival)
        for interval_s, reading in readings.items()
        for arrival in ARRIVALS
    }


def _sets(count: int) -> dict[str, Figures]:
    purposes: tuple[Purpose, ...] = ("steps out", "edge")
    found = {}
    for purpose in purposes:
        on = ground(purpose, count)
        for interval_s in INTERVALS_S:
            reading = read(device(interval_s, USUAL_M), on, SEED)
            found[f"{purpose}/{interval_s}"] = figures(reading)
    return found


def _circumstances(on: Ground) -> dict[str, Figures]:
    return {
        f"{name}/{interval_s}": figures(read(change(device(interval_s, USUAL_M)), on, SEED))
        for name, change in CIRCUMSTANCES.items()
        for interval_s in ODD_INTERVALS_S
    }


def _beside(on: Ground) -> dict[str, Beside]:
    return {_key(kind): told_of(read(kind, on, SEED), on) for kind in devices()}


def told_of(reading: Reading, on: Ground) -> Beside:
    """What was told of patrols that were never inside; others are left out."""
    away = np.array([not patrol.stays for patrol in on.patrols])

    def count(rows: Bools) -> int:
        return len(np.unique(reading.owner[rows & away[reading.owner]]))

    return Beside(
        n=int(away.sum()),
        visits=count(~reading.pass_through),
        long=count(reading.dwell_s >= PATROL_S),
        yes=count(reading.yes),
    )
