"""Where to patrol: crimes chosen, weighed and ranked, and what is to be known of the answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.compliance.calendar import Calendar
from app.places.checks import Caution, Kind, Spot, Spots, Stations, cautions
from app.places.choosing import NoChoice, in_hours, of_categories, unheard, weighed
from app.places.crimes import Crimes
from app.places.grid import Grid, Shape
from app.places.months import uneven
from app.places.ranking import Point, Ranking, ranked
from app.places.stability import Stability, stability
from app.places.suggestion import Suggestion, suggestions
from geofence.model import DAY_US, Floats

SNAPPED: Final = (
    "Places are snapped: data.police.uk moves each crime to one of a set of points that many"
    " crimes share, so a cell says that crimes were near its points, not that they were in it."
)
MONTHS: Final = "Times are months: nothing is said of days of the week or hours."
PART_MONTH: Final = (
    "The days asked for begin or end within a month: of crimes known by the month alone, a month"
    " counts whole if its first day is among them, else not at all."
)
FAR_STRETCH: Final = 0.03
"""What lies within a degree of the grid's own latitude is stretched by less, in Britain."""
_FEW_ASTRAY: Final = 99  # per cent: each force records some crimes of elsewhere
_MONTH_US: Final = 27 * DAY_US
_MOST_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; no categories: all; no weights: each crime counts 1."""

    calendar: Calendar
    top: int
    shape: Shape
    size_m: float
    categories: Sequence[str] = ()
    weights: Mapping[str, float] | None = None
    otherwise: float | None = None  # the weight of categories without one
    hours: tuple[int, int] | None = None
    part_month: bool = False  # the days that crimes are asked for begin or end within a month


@dataclass(frozen=True, slots=True)
class Chosen:
    """The crimes that count, what each weighs, [n], and what is to be known of the choice."""

    crimes: Crimes
    weight: Floats
    notes: Sequence[str]
    part_month: bool  # as in the question

    @property
    def months(self) -> bool:
        """Whether of any crime nothing is known but the month."""
        return bool((self.crimes.end_us - self.crimes.start_us >= _MONTH_US).any())


@dataclass(frozen=True, slots=True)
class Advice:
    """What is suggested, how good it is, and what to know of it."""

    chosen: Chosen
    ranking: Ranking
    grid: Grid
    curve: Sequence[Point]
    stability: Stability
    found: Sequence[Suggestion]
    cautions: Sequence[Caution]

    @property
    def notes(self) -> list[str]:
        """What is to be known of it, in sentences."""
        return [*_notes_of_crimes(self.chosen), *_notes_of_places(self)]


def choose(crimes: Crimes, question: Question) -> Chosen:
    """The crimes that a question is about and that weigh anything. Raises NoChoice for none."""
    if not len(crimes):
        msg = "there are no crimes: import some with `beatkeeper import crimes`"
        raise NoChoice(msg)
    notes = list(_notes_of_all(crimes, question))
    if question.categories:
        crimes = crimes.take(of_categories(crimes, question.categories))
    if question.hours is not None:
        within, timeless = in_hours(crimes, question.hours, question.calendar)
        crimes = crimes.take(within)
        if timeless:
            notes.append(f"{timeless} more crimes were left out: nobody knows the hour.")
    weight = weighed(crimes, question.weights, question.otherwise)
    counts = weight > 0
    if not counts[crimes.placed].any():
        msg = f"none of the {len(crimes)} crimes chosen has both a place and a weight"
        raise NoChoice(msg)
    return Chosen(crimes.take(counts), weight[counts], notes, part_month=question.part_month)


def advise(
    crimes: Crimes, question: Question, stored: Sequence[Spot], stations: Stations
) -> Advice:
    """The places to patrol; `stored` are hot spots that there are, `stations` are to be kept out.

    Raises NoChoice where nothing can be said.
    """
    chosen = choose(crimes, question)
    crimes, weight = chosen.crimes, chosen.weight
    grid = Grid.around(question.shape, question.size_m, crimes.lat[crimes.placed])
    ranking = ranked(crimes, weight, grid)
    found = suggestions(crimes, ranking, grid, question.top)
    ours = {one.key for one in found}
    others = [spot for spot in stored if spot.key not in ours]
    spots = Spots.of([*(one.spot for one in found), *others])
    return Advice(
        chosen,
        ranking,
        grid,
        ranking.curve(question.top),
        stability(crimes, weight, ranking, question.top, question.calendar),
        found,
        [one for one in cautions(spots, stations) if ours.intersection(one.about)],
    )


def _notes_of_all(crimes: Crimes, question: Question) -> Iterator[str]:
    """What is wrong with crimes as they were recorded, and with the weights for them."""
    note = uneven(crimes, question.calendar)
    if note is not None:
        yield note
    names = unheard(crimes, question.weights or {})
    if names:
        shown = ", ".join(repr(name) for name in names[:_MOST_SHOWN])
        more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        yield f"No crime is of these categories of the weights: {shown}{more}."


def _notes_of_crimes(chosen: Chosen) -> Iterator[str]:
    crimes = chosen.crimes
    if crimes.snapped.any():
        yield SNAPPED
    if chosen.months:
        yield MONTHS
        if chosen.part_month:
            yield PART_MONTH
    unplaced = int((~crimes.placed).sum())
    if unplaced:
        share = unplaced / len(crimes)
        yield f"{unplaced} of {len(crimes)} crimes ({share:.0%}) have no place, so are in no cell."
    yield from chosen.notes


def _notes_of_ground(crimes: Crimes, grid: Grid) -> Iterator[str]:
    stretches = np.abs(grid.stretch(crimes.lat[crimes.placed]) - 1)
    stretch = float(np.percentile(stretches, _FEW_ASTRAY, method="nearest"))
    if stretch > FAR_STRETCH:
        yield (
            f"Crimes lie so far from {abs(grid.lat0):g}° {'N' if grid.lat0 > 0 else 'S'}, by which"
            f" cells are made, that some cells are up to {stretch:.0%} wider or narrower than the"
            " rest: ask for one force at a time (--source)."
        )


def _notes_of_places(advice: Advice) -> Iterator[str]:
    yield from _notes_of_ground(advice.chosen.crimes, advice.grid)
    one_point = [one.key for one in advice.found if one.on_one_point]
    if one_point:
        yield (
            f"{len(one_point)} of {len(advice.found)} cells (*) rest on a single snapped point"
            " each, which may stand for streets beyond the cell: look there before drawing."
        )
    beside = sum(one.neighbours > 0 for one in advice.found)
    if beside:
        yield (
            f"{beside} of {len(advice.found)} cells have another beside them: between the two a fix"
            " may fall to either. Join them if one officer can see both; a buffer would overlap."
        )
    at_stations = sum(one.kind is Kind.STATION for one in advice.cautions)
    if at_stations:
        yield "Cells at a police station may hold crimes that were only found or recorded there."
