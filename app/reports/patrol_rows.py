"""Every patrol of a plan as a row: where it belongs, how long it was, whether it qualifies."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from app.compliance.cells import REST
from app.compliance.crewing import crewing
from app.compliance.patrols import OUTSIDE
from app.compliance.reckoning import Reckoning
from app.compliance.tally import BANDS, bands
from app.compliance.visits import Bools
from app.compliance.work import Placed
from app.reports.evidence import Reckoned
from app.reports.series import Values, dates, kinds, minutes, places, where, words
from app.reports.table import Batch, Column, HotspotAt, Kind, Table, frame

PATROLS: Final = Table(
    name="patrols",
    title="Patrols",
    about=(
        "Visits of at least 2 minutes at one hot spot, united where they overlap or touch, "
        "whoever made them; those of the plan's hot spots and days, in its windows and outside."
    ),
    columns=(
        Column("plan", Kind.TEXT, "The plan's key."),
        Column("hotspot", Kind.TEXT, "The hot spot's key."),
        Column("name", Kind.TEXT, "The hot spot's name."),
        Column(
            "day",
            Kind.DATE,
            "The operational day that it belongs to; outside all windows, that of its start.",
        ),
        Column(
            "window",
            Kind.TEXT,
            "The window that holds most of it, of equals the earlier; null: outside all windows.",
        ),
        Column(
            "kind",
            Kind.TEXT,
            "required: the plan asks for patrols there; control: a trial's control; "
            "rest: outside all windows.",
        ),
        Column("start", Kind.TIME, "When the first of its visits began."),
        Column("end", Kind.TIME, "When the last of its visits ended, or was last seen to go on."),
        Column("minutes", Kind.NUMBER, "How long it was, in its window or not (patrol-minutes)."),
        Column(
            "minutes_in_window",
            Kind.NUMBER,
            "The minutes that lie in its window; null outside all windows.",
        ),
        Column("low_minutes", Kind.NUMBER, "The minutes that are sure."),
        Column(
            "high_minutes",
            Kind.NUMBER,
            "The minutes that it was at most; where an end was not seen, as far as the gap allows.",
        ),
        Column("ends_seen", Kind.FLAG, "Whether both ends of all its visits were seen."),
        Column(
            "qualifying",
            Kind.FLAG,
            "Whether it lasted at least the plan's minimum; null outside all windows.",
        ),
        Column(
            "uncertain",
            Kind.FLAG,
            "Whether the data leave open that it lasted the minimum; null outside all windows.",
        ),
        Column("band", Kind.TEXT, f"Its length in minutes, one of {', '.join(BANDS)}."),
        Column(
            "surplus_minutes",
            Kind.NUMBER,
            "Its minutes beyond the plan's maximum; null outside all windows.",
        ),
        Column("officers", Kind.INTEGER, "How many officers were on it, by who had the devices."),
        Column(
            "officer_minutes",
            Kind.NUMBER,
            "Minutes of its officers added up, each officer's once, whatever they carried.",
        ),
        Column("devices", Kind.INTEGER, "How many devices were on it."),
        Column("open", Kind.FLAG, "Whether a visit of it was still open, so that it may go on."),
    ),
    place=HotspotAt("start"),
)


def rows(part: Reckoned) -> Batch:
    """The patrols that belong to the days of a block."""
    done, cells = part.reckoning.done, part.reckoning.cells
    mine = part.reckoning.grounds.asked[done.found.cell]
    found = done.found.take(mine)
    columns = {
        "plan": pl.repeat(part.plan, len(found.cell), eager=True),
        "day": dates(cells.day[found.cell]),
        "window": words(cells.window[found.cell], cells.windows),
        "kind": kinds(cells.kind[found.cell]),
        **_times(found, part.hotspots),
        **_judged(found),
        **_crew(part.reckoning, mine),
    }
    return frame(PATROLS, columns).sort("day", "start", "hotspot")


def _times(found: Placed, hotspots: Mapping[int, tuple[str, str]]) -> dict[str, Values]:
    patrols, stays = found.patrols, found.patrols.stays
    key, name = places(stays.group, hotspots)
    return {
        "hotspot": key,
        "name": name,
        "start": stays.start_us,
        "end": stays.end_us,
        "minutes": minutes(stays.length_us),
        "low_minutes": minutes(patrols.low_us),
        "high_minutes": minutes(patrols.outer.length_us),
        "ends_seen": patrols.ends_seen,
        "band": words(bands(stays.length_us), BANDS),
    }


def _judged(found: Placed) -> dict[str, Values]:
    """What the plan says of them; outside its windows, nothing."""
    cells, cell = found.cells, found.cell
    inside = cells.kind[cell] != REST
    surplus_us = np.maximum(found.length_us - cells.maximum_us[cell], 0)
    return {
        "minutes_in_window": where(inside, minutes(found.clipped_us(found.patrols.stays))),
        "qualifying": where(inside, found.qualifies),
        "uncertain": where(inside, found.uncertain),
        "surplus_minutes": where(inside, minutes(surplus_us)),
    }


def _crew(reckoning: Reckoning, mine: Bools) -> dict[str, Values]:
    """Who was on those patrols, a mask of those that belong to some cell."""
    row = np.flatnonzero(reckoning.done.cell != OUTSIDE)[mine]
    crew = crewing(reckoning.done, reckoning.effort)
    return {
        "officers": crew.officers[row],
        "officer_minutes": minutes(crew.officer_us[row]),
        "devices": crew.devices[row],
        "open": crew.open[row],
    }
