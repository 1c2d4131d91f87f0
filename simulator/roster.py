"""Who is on the late shift, and which hot spots each of them is sent to, for how long."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.town import Place, Town

Mode = Literal["foot", "bicycle", "car"]

MODES: tuple[Mode, ...] = ("foot", "bicycle", "car")
OFFICERS_A_MODE = 4
SURNAMES = (
    *("Ashdown", "Barrow", "Calder", "Denholm", "Eastwood", "Fairley", "Garside", "Holroyd"),
    *("Ibbotson", "Jagger", "Kershaw", "Lomas"),
)

TASKS_A_SHIFT: dict[Mode, int] = {"foot": 6, "bicycle": 7, "car": 8}
"""Hot spots that an officer is sent to."""
BEAT: dict[Mode, int] = {"foot": 6, "bicycle": 12, "car": 20}
"""Of how many of the nearest hot spots they are chosen."""

STAYS_MIN = ((0.0, 0.0), (1.0, 4.0), (9.5, 12.0), (12.0, 15.0), (16.0, 26.0))
"""Minutes to walk about in a hot spot, from and to; the first is a drive-through."""
USUAL = (0.04, 0.08, 0.4, 0.4, 0.08)
"""How often each of these is drawn: most stays are of about the ten to fifteen minutes asked."""
NEGLECTED = (0.35, 0.65, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody on the shift, and how they get about."""

    name: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Task:
    """A hot spot to go to, and the seconds to walk about there; none is a drive-through."""

    place: Place
    stay_s: float


def muster() -> tuple[Officer, ...]:
    """The twelve officers of the shift, four to each way of getting about."""
    return tuple(
        Officer(f"PC {surname}", MODES[number // OFFICERS_A_MODE])
        for number, surname in enumerate(SURNAMES)
    )


def deal(
    officers: tuple[Officer, ...], town: Town, rng: np.random.Generator
) -> dict[Officer, list[Task]]:
    """Each officer's tasks in random order; two to four hot spots get short passes only.

    The hot spots sent to least so far go first, so that the others all get about as many.
    """
    neglected = set(rng.choice(len(town.places), rng.integers(2, 5), replace=False).tolist())
    sent: Counter[int] = Counter()
    tasks: dict[Officer, list[Task]] = {}
    for officer in officers:
        beat = _beat(officer, town, rng)
        chosen = sorted(beat, key=lambda i: (sent[i], rng.random()))
        chosen = (chosen + chosen)[: TASKS_A_SHIFT[officer.mode]]
        sent.update(chosen)
        tasks[officer] = [
            Task(town.places[i], _stay_s(neglected=i in neglected, rng=rng))
            for i in rng.permutation(chosen).tolist()
        ]
    return tasks


def _beat(officer: Officer, town: Town, rng: np.random.Generator) -> list[int]:
    """The hot spots nearest to one drawn at random: how far the officer goes."""
    centres = town.streets.junctions[[place.junction for place in town.places]]
    home = centres[rng.integers(len(centres))]
    nearest: list[int] = np.argsort(np.hypot(*(centres - home).T)).tolist()
    return nearest[: BEAT[officer.mode]]


def _stay_s(*, neglected: bool, rng: np.random.Generator) -> float:
    """Seconds to walk about."""
    chances = NEGLECTED if neglected else USUAL
    shortest, longest = rng.choice(STAYS_MIN, p=chances)
    return 60.0 * float(rng.uniform(shortest, longest))
