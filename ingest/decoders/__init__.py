"""The wire formats: the one table of them, by the name that stands in a URL or an MQTT topic."""

from typing import Final

from ingest.decoders import (
    cot,
    geojson,
    gpslogger,
    hytera,
    lip,
    lrrp,
    nmea,
    osmand,
    overland,
    owntracks,
    pings,
    taip,
    tetra,
)
from ingest.message import Decode

DECODERS: Final[dict[str, Decode]] = {
    "pings": pings.decode,
    "owntracks": owntracks.decode,
    "osmand": osmand.decode,
    "traccar": osmand.decode,  # the same protocol, by the name that people look for
    "overland": overland.decode,
    "gpslogger": gpslogger.decode,
    "geojson": geojson.decode,
    "cot": cot.decode,
    "nmea": nmea.decode,
    "taip": taip.decode,
    "tetra": tetra.decode,
    "lip": lip.decode,
    "lrrp": lrrp.decode,
    "hytera": hytera.decode,
}

FILES: Final = ("csv", "gpx", "fit", "tcx", "kml")
"""The kinds of track files, which are read apart, block by block."""

SOURCES: Final = (*DECODERS, *FILES)
"""The name of each code in `Columns.source`; the database holds the names."""
