"""Every hot spot on every day of a plan as a row: how it was assigned, and what it got."""

from typing import Final

import numpy as np
import polars as pl

from app.compliance.cells import REST, Cells
from app.compliance.intervals import Ints
from app.compliance.tally import Tally
from app.compliance.visits import Bools
from app.reports.evidence import Reckoned
from app.reports.series import Values, dates, minutes, places, words
from app.reports.table import Batch, Column, HotspotAt, Kind, Table, frame

ASSIGNED: Final = ("none", "required", "treatment", "control")

PLACE_DAYS: Final = Table(
    name="place-days",
    title="Place-days",
    about=(
        "One row a hot spot and operational day of the plan, for evaluations: by `assigned` as the "
        "lot fell (intention to treat), by `treated` as it was done (as treated). Patrols and "
        "their minutes are those that belong to its windows."
    ),
    columns=(
        Column("plan", Kind.TEXT, "The plan's key."),
        Column("hotspot", Kind.TEXT, "The hot spot's key."),
        Column("name", Kind.TEXT, "The hot spot's name."),
        Column("day", Kind.DATE, "The operational day."),
        Column(
            "assigned",
            Kind.TEXT,
            "treatment or control: its arm on that day of a trial; required: without a trial, the "
            "plan asks for patrols; none: neither.",
        ),
        Column("treated", Kind.FLAG, "Whether at least one patrol in its windows qualifies."),
        Column("treated_low", Kind.FLAG, "Whether one surely does."),
        Column("treated_high", Kind.FLAG, "Whether one may."),
        Column(
            "contaminated", Kind.FLAG, "Whether it is a control and one qualifies nevertheless."
        ),
        Column("cells", Kind.INTEGER, "Its windows that day, a control's too."),
        Column("required", Kind.INTEGER, "How many patrols the plan asks for."),
        Column("cells_covered", Kind.INTEGER, "Windows with at least one qualifying patrol."),
        Column(
            "cells_complete", Kind.INTEGER, "Windows with all required patrols; a control's: 0."
        ),
        Column(
            "cells_uncertain",
            Kind.INTEGER,
            "Windows of which patrols leave open that they are covered, or complete.",
        ),
        Column(
            "cells_excused",
            Kind.INTEGER,
            "Windows not covered, half of whose shift abstractions took; a control's: 0.",
        ),
        Column("cells_answered", Kind.INTEGER, "Windows not covered of which an officer said why."),
        Column(
            "cells_unmeasurable",
            Kind.INTEGER,
            "Windows not covered, too little of whose shift was observed to say so.",
        ),
        Column("cells_unfinished", Kind.INTEGER, "Windows that were still to end."),
        Column(
            "measurable",
            Kind.FLAG,
            "Whether it is known if it was treated: false where it was not, and a window is "
            "unmeasurable.",
        ),
        Column("patrols", Kind.INTEGER, "Patrols of any length from 2 minutes."),
        Column("qualifying", Kind.INTEGER, "Patrols of at least the plan's minimum."),
        Column("patrol_minutes", Kind.NUMBER, "Minutes of its patrols."),
        Column("qualifying_minutes", Kind.NUMBER, "Minutes of its qualifying patrols."),
        Column("officer_minutes", Kind.NUMBER, "Minutes of officers on its patrols, added up."),
        Column(
            "background_minutes",
            Kind.NUMBER,
            "Minutes of presence that was no patrol of the plan: pass-throughs at any time, and "
            "stays outside all windows.",
        ),
        Column("retrospective", Kind.FLAG, "Whether the plan was loaded after the day had begun."),
    ),
    place=HotspotAt("day"),
)


def rows(part: Reckoned) -> Batch:
    """The place-days of a block, each of which has one row of kind rest among its cells."""
    grounds, tally = part.reckoning.grounds, part.reckoning.whole.tally
    cells = grounds.cells
    days = np.flatnonzero(grounds.asked & (cells.kind == REST))
    windows = np.flatnonzero(grounds.asked & (cells.kind != REST))
    of_window = _places(cells, windows, days)
    sums = tally.take(windows).grouped(of_window, len(days))
    rest_us = tally.background_us[days]
    key, name = places(cells.hotspot[days], part.hotspots)
    columns = {
        "plan": pl.repeat(part.plan, len(days), eager=True),
        "hotspot": key,
        "name": name,
        "day": dates(cells.day[days]),
        "assigned": words(_assigned(cells, days, sums.required > 0), ASSIGNED),
        "retrospective": cells.retrospective[days],
        **_verdicts(sums, cells.control[days]),
        **_asked(sums, ~cells.control[days]),
        **_sums(sums),
        "background_minutes": minutes(sums.background_us + rest_us),
    }
    return frame(PLACE_DAYS, columns).sort("day", "hotspot")


def _places(cells: Cells, windows: Ints, days: Ints) -> Ints:
    """Which of the days, by its place among them, each window is part of."""
    many = int(cells.hotspot.max(initial=0)) + 1
    keys = cells.day[days] * many + cells.hotspot[days]
    order = np.argsort(keys)
    asked = cells.day[windows] * many + cells.hotspot[windows]
    return order[np.searchsorted(keys, asked, sorter=order)]


def _assigned(cells: Cells, days: Ints, required: Bools) -> Ints:
    """An index into ASSIGNED each."""
    return np.select([cells.control[days], cells.treated[days], required], [3, 2, 1], 0)


def _verdicts(sums: Tally, control: Bools) -> dict[str, Bools]:
    low, treated, high = (sums.covered > 0).T
    return {
        "treated": treated,
        "treated_low": low,
        "treated_high": high,
        "contaminated": control & treated,
        "measurable": treated | (sums.unmeasurable_cells == 0),
    }


def _asked(sums: Tally, asked: Bools) -> dict[str, Values]:
    """What has a meaning only where something is asked for (a mask)."""
    return {
        "cells_complete": sums.complete[:, 1] * asked,
        "cells_excused": sums.excused_cells * asked,
    }


def _sums(sums: Tally) -> dict[str, Values]:
    return {
        "cells": sums.cells,
        "required": sums.required,
        "cells_covered": sums.covered[:, 1],
        "cells_uncertain": sums.uncertain_cells,
        "cells_answered": sums.answered_cells,
        "cells_unmeasurable": sums.unmeasurable_cells,
        "cells_unfinished": sums.unfinished_cells,
        "patrols": sums.patrols,
        "qualifying": sums.qualifying,
        "patrol_minutes": minutes(sums.patrol_us),
        "qualifying_minutes": minutes(sums.qualifying_us),
        "officer_minutes": minutes(sums.officer_us),
    }
