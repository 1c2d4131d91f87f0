"""The wire formats: the one table of them, by the name that stands in a URL or an MQTT topic."""

from typing import Final

from ingest.decoders import owntracks, pings
from ingest.message import Decode

DECODERS: Final[dict[str, Decode]] = {"pings": pings.decode, "owntracks": owntracks.decode}

SOURCES: Final = tuple(DECODERS)
"""The name of each code in `Columns.source`."""
