"""The table of pings: every position that devices sent."""

from typing import Final

import numpy as np
import polars as pl

from app.reports.naming import Naming
from app.reports.table import Batch, Column, Kind, Point, Table, frame
from app.storage.columnar import Column as Values
from app.storage.exports import Block
from ingest.decoders import SOURCES

TABLE: Final = Table(
    "pings",
    "Pings",
    "Every position that a device sent, by device and time.",
    (
        Column("device", Kind.TEXT, "The device's name, or a pseudonym for it."),
        Column("time", Kind.TIME, "When the device was there, by its own clock."),
        Column("received", Kind.TIME, "When the position came in."),
        Column("lat", Kind.NUMBER, "Latitude, in degrees (WGS 84)."),
        Column("lon", Kind.NUMBER, "Longitude, in degrees (WGS 84)."),
        Column("accuracy_m", Kind.NUMBER, "How far off it may be, in metres, as the device says."),
        Column("speed_mps", Kind.NUMBER, "Speed, in metres a second, as the device says."),
        Column("heading_deg", Kind.NUMBER, "Direction, in degrees clockwise from north."),
        Column("altitude_m", Kind.NUMBER, "Height, in metres, as the device says."),
        Column("battery_pct", Kind.NUMBER, "What is left in the battery, in percent."),
        Column("source", Kind.TEXT, "The wire format, or the kind of file, that it came in."),
        Column(
            "officer",
            Kind.TEXT,
            "The number of the officer who had the device then, or a pseudonym for it; empty: "
            "nobody.",
        ),
    ),
    Point(),
    of_visits=False,
)
# The last stands for a source that this version does not know, whose number is -1.
_SOURCES: Final = pl.Series([*SOURCES, None], dtype=pl.String)


def batch(block: Block, naming: Naming) -> Batch:
    """A block of fixes as rows of the table."""
    number = np.where(block["source"] < 0, len(SOURCES), block["source"])
    columns: dict[str, Values | pl.Series] = {
        **block,
        "device": naming.devices(block["device_id"]),
        "source": _SOURCES.gather(number),
        **naming.carriers(block["device_id"], block["time"]).to_dict(),
    }
    return frame(TABLE, columns)
