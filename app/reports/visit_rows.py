"""The table of visits: who was where, and for how long."""

from typing import Final

import polars as pl

from app.reports.naming import Naming
from app.reports.table import Batch, Column, HotspotAt, Kind, Table, frame
from app.storage.columnar import Column as Values
from app.storage.exports import Block
from ingest.moment import SECOND_US

TABLE: Final = Table(
    "visits",
    "Visits",
    "One device's stay at one hot spot, short absences bridged; by when it began.",
    (
        Column("device", Kind.TEXT, "The device's name, or a pseudonym for it."),
        Column("hotspot", Kind.TEXT, "The hot spot's id."),
        Column("enter", Kind.TIME, "When the device came in."),
        Column("exit", Kind.TIME, "When the device left; of an open visit, when it was last seen."),
        Column("dwell_s", Kind.NUMBER, "From enter to exit, in seconds."),
        Column("inside_s", Kind.NUMBER, "Of that, inside the hot spot's polygon, in seconds."),
        Column("bridged_s", Kind.NUMBER, "Of that, short absences that are bridged, in seconds."),
        Column("low_s", Kind.NUMBER, "The shortest that the stay can have been, in seconds."),
        Column("high_s", Kind.NUMBER, "The longest that the stay can have been, in seconds."),
        Column("enter_seen", Kind.FLAG, "Whether fixes show the device outside before."),
        Column("exit_seen", Kind.FLAG, "Whether fixes show the device outside after."),
        Column("fixes", Kind.INTEGER, "How many positions inside the stay is made of."),
        Column("mean_speed_mps", Kind.NUMBER, "Mean speed inside, in metres a second."),
        Column("pass_through", Kind.FLAG, "Shorter than 2 minutes: presence, but no patrol."),
        Column(
            "officer",
            Kind.TEXT,
            "The number of the officer who had the device when the visit began, or a pseudonym "
            "for it; empty: nobody.",
        ),
        Column(
            "team",
            Kind.TEXT,
            "That officer's team; empty: none, or by pseudonym one of too few officers.",
        ),
        Column(
            "id",
            Kind.INTEGER,
            "The visit's number; a corrected visit has a new one. Empty by pseudonym: all have "
            "the same.",
        ),
        Column("method", Kind.INTEGER, "The version of the dwell method that found it."),
        Column("open", Kind.FLAG, "Whether it was still going on: it may become longer."),
        Column("known_from", Kind.TIME, "Since when it is known as it stands here."),
    ),
    HotspotAt("enter"),
)


def batch(block: Block, naming: Naming) -> Batch:
    """A block of visits as rows of the table."""
    lengths = {
        "dwell_s": block["exit"] - block["enter"],
        "inside_s": block["inside_us"],
        "bridged_s": block["bridged_us"],
        "low_s": block["low_us"],
        "high_s": block["outer_to"] - block["outer_from"],
    }
    columns: dict[str, Values | pl.Series] = {
        **block,
        # By numpy, as polars multiplies by the inverse, which differs in the last digit.
        **{name: length_us / SECOND_US for name, length_us in lengths.items()},
        "device": naming.devices(block["device_id"]),
        "hotspot": naming.hotspots(block["hotspot_id"]),
        **naming.carriers(block["device_id"], block["enter"]).to_dict(),
    }
    if not naming.by_name:
        columns["id"] = pl.repeat(None, len(block["id"]), dtype=pl.Int64, eager=True)
    return frame(TABLE, columns)
