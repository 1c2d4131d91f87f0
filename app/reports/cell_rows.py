"""Every cell of a plan as a row: what it required and got, and what is known of it besides."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from app.compliance.cells import NO_SLOT, REQUIRED, REST, Cells
from app.compliance.intervals import Ints
from app.compliance.shifts import Shifts
from app.compliance.tally import Tally
from app.reports.evidence import Reckoned
from app.reports.series import Values, dates, kinds, minutes, places, where, words
from app.reports.table import Batch, Column, HotspotAt, Kind, Table, frame

CELLS: Final = Table(
    name="cells",
    title="Cells",
    about=(
        "One row a hot spot, schedule window and operational day, and one a hot spot and day (kind "
        "rest) for all that lies in none of its windows. Sums over the rows of kind required are "
        "the figures of compliance. What was asked for is null of others; what was done, of rest."
    ),
    columns=(
        Column("plan", Kind.TEXT, "The plan's key."),
        Column("hotspot", Kind.TEXT, "The hot spot's key."),
        Column("name", Kind.TEXT, "The hot spot's name."),
        Column("day", Kind.DATE, "The operational day."),
        Column("window", Kind.TEXT, "The window's name; null of kind rest."),
        Column(
            "kind",
            Kind.TEXT,
            "required: the plan asks for patrols; control: a trial's control, of which it asks "
            "none; rest: the day outside its windows.",
        ),
        Column("control", Kind.FLAG, "Whether the hot spot is a trial's control on that day."),
        Column("start", Kind.TIME, "When the window begins; of kind rest, the operational day."),
        Column("end", Kind.TIME, "When the window ends; of kind rest, the operational day."),
        Column("required", Kind.INTEGER, "How many patrols the plan asks for."),
        Column("required_minutes", Kind.NUMBER, "Patrols asked for, times the minimum in minutes."),
        Column("patrols", Kind.INTEGER, "Patrols that belong here, of any length from 2 minutes."),
        Column("qualifying", Kind.INTEGER, "Patrols of at least the plan's minimum."),
        Column("made", Kind.INTEGER, "Qualifying patrols, at most as many as are required."),
        Column("made_low", Kind.INTEGER, "The fewest of these that the data leave possible."),
        Column("made_high", Kind.INTEGER, "The most of these that the data leave possible."),
        Column("covered", Kind.FLAG, "Whether at least one patrol qualifies."),
        Column("covered_low", Kind.FLAG, "Whether it is surely covered."),
        Column("covered_high", Kind.FLAG, "Whether it may be covered."),
        Column("complete", Kind.FLAG, "Whether all required patrols were made."),
        Column("complete_low", Kind.FLAG, "Whether it is surely complete."),
        Column("complete_high", Kind.FLAG, "Whether it may be complete."),
        Column(
            "uncertain",
            Kind.FLAG,
            "Whether patrols leave open that it is covered, or that it is complete.",
        ),
        Column(
            "measurable",
            Kind.FLAG,
            "False where it is not covered, and too little of its shift was observed to say so.",
        ),
        Column(
            "observability",
            Kind.NUMBER,
            "The share of its shift's tracked minutes that was observed, 0 to 1; null where no "
            "duty time is known.",
        ),
        Column(
            "excused",
            Kind.FLAG,
            "Whether it is not covered, and abstractions took at least half of its shift.",
        ),
        Column("answered", Kind.FLAG, "Whether it is not covered, and an officer said why."),
        Column("unfinished", Kind.FLAG, "Whether its window was still to end."),
        Column("retrospective", Kind.FLAG, "Whether the plan was loaded after the day had begun."),
        Column(
            "minutes_counted",
            Kind.NUMBER,
            "Patrol-minutes in the window, at most as many as are required.",
        ),
        Column(
            "minutes_counted_low", Kind.NUMBER, "The fewest of these that the data leave possible."
        ),
        Column(
            "minutes_counted_high", Kind.NUMBER, "The most of these that the data leave possible."
        ),
        Column("patrol_minutes", Kind.NUMBER, "Minutes of its patrols, in the window or not."),
        Column("qualifying_minutes", Kind.NUMBER, "Minutes of its qualifying patrols."),
        Column("officer_minutes", Kind.NUMBER, "Minutes of officers on its patrols, added up."),
        Column("surplus_patrols", Kind.INTEGER, "Patrols longer than the plan's maximum."),
        Column("surplus_minutes", Kind.NUMBER, "Their minutes beyond the maximum."),
        Column("pass_throughs", Kind.INTEGER, "Stays of less than 2 minutes."),
        Column(
            "background_minutes",
            Kind.NUMBER,
            "Minutes of presence that was no patrol of the plan: pass-throughs; of kind rest, "
            "stays outside all windows too.",
        ),
        Column(
            "nearby_minutes",
            Kind.NUMBER,
            "Minutes that devices were just outside; null where this was not surveyed.",
        ),
    ),
    place=HotspotAt("start"),
)


def rows(part: Reckoned) -> Batch:
    """The cells of the days of a block; what lies outside the windows of a day comes last of it."""
    whole = part.reckoning.whole
    every = whole.grounds.cells
    chosen = np.flatnonzero(whole.grounds.asked)
    chosen = chosen[np.lexsort((every.kind[chosen] == REST, every.day[chosen]))]
    tally, kind = whole.tally.take(chosen), every.kind[chosen]
    windows, asked = kind != REST, kind == REQUIRED
    key, name = places(every.hotspot[chosen], part.hotspots)
    columns = {
        "plan": pl.repeat(part.plan, len(chosen), eager=True),
        "hotspot": key,
        "name": name,
        **_of_cells(every, chosen),
        **{name: where(asked, values) for name, values in _asked(tally).items()},
        **{name: where(windows, values) for name, values in _done(tally).items()},
        "nearby_minutes": where(windows & (tally.surveyed_cells > 0), minutes(tally.nearby_us)),
        "background_minutes": minutes(tally.background_us),
        "observability": _observability(whole.shifts, every.slot[chosen]),
    }
    return frame(CELLS, columns)


def _of_cells(every: Cells, chosen: Ints) -> dict[str, Values]:
    return {
        "day": dates(every.day[chosen]),
        "window": words(every.window[chosen], every.windows),
        "kind": kinds(every.kind[chosen]),
        "control": every.control[chosen],
        "start": every.start_us[chosen],
        "end": every.end_us[chosen],
        "retrospective": every.retrospective[chosen],
    }


def _asked(tally: Tally) -> dict[str, Values]:
    """What the plan asks for, and how much of that was done."""
    return {
        "required": tally.required,
        "required_minutes": minutes(tally.required_us),
        **_cases("made", tally.made),
        **_cases("complete", tally.complete > 0),
        **_cases("minutes_counted", minutes(tally.minutes_us)),
        "excused": tally.excused_cells > 0,
        "answered": tally.answered_cells > 0,
    }


def _done(tally: Tally) -> dict[str, Values]:
    return {
        **_cases("covered", tally.covered > 0),
        "uncertain": tally.uncertain_cells > 0,
        "measurable": tally.unmeasurable_cells == 0,
        "unfinished": tally.unfinished_cells > 0,
        "patrols": tally.patrols,
        "qualifying": tally.qualifying,
        "surplus_patrols": tally.surplus,
        "pass_throughs": tally.pass_throughs,
        "patrol_minutes": minutes(tally.patrol_us),
        "qualifying_minutes": minutes(tally.qualifying_us),
        "officer_minutes": minutes(tally.officer_us),
        "surplus_minutes": minutes(tally.surplus_us),
    }


def _cases(name: str, column: npt.NDArray[Any]) -> dict[str, Values]:
    """The lowest that the data allow, the figure, and the highest."""
    return {f"{name}{case}": column[:, n] for n, case in enumerate(("_low", "", "_high"))}


def _observability(shifts: Shifts, slot: Ints) -> pl.Series:
    """Of each cell's slot, or NO_SLOT."""
    tracked = np.append(shifts.tracked, 0)[slot]
    observed = np.append(shifts.observed, 0)[slot]
    return where((slot != NO_SLOT) & (tracked > 0), observed / np.maximum(tracked, 1))
