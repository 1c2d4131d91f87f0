"""Tables as GeoJSON (RFC 7946): a row a feature, drawn where it was."""

import json
from collections.abc import Iterable
from typing import IO, Final

import polars as pl

from app.reports.formats.text import as_json, write_listed
from app.reports.shapes import Shapes
from app.reports.table import Batch, Heading, HotspotAt, Point

# Of shapes, made text at once.
_PART_BYTES: Final = 4 << 20


def write(heading: Heading, batches: Iterable[Batch], file: IO[bytes]) -> None:
    """Writes a table that has a place, whose hot spots are in `shapes`.

    What was asked stands beside the features, as a foreign member (RFC 7946, section 6.1).
    """
    shapes = heading.shapes or Shapes([])

    # Each row has its shape, of which there may be much.
    size = max(_PART_BYTES // max(shapes.longest, 1), 1)
    parts = (part for batch in batches for part in batch.iter_slices(size))

    def features(batch: Batch) -> pl.Series:
        drawn = _geometry(batch, heading.table.place, shapes)
        return '{"type":"Feature","geometry":' + drawn + ',"properties":' + as_json(batch) + "}"

    head = {
        "type": "FeatureCollection",
        "table": heading.table.name,
        "parameters": dict(heading.parameters),
    }
    file.write(f'{json.dumps(head)[:-1]}, "features": [\n'.encode())
    write_listed(map(features, parts), file)
    file.write(b"\n]}\n")


def _geometry(batch: Batch, place: Point | HotspotAt | None, shapes: Shapes) -> pl.Series:
    """What a map draws of each row, as text; null for nothing."""
    match place:
        case Point():
            lon, lat = (batch[name].cast(pl.String) for name in ("lon", "lat"))
            return ('{"type":"Point","coordinates":[' + lon + "," + lat + "]}").fill_null("null")
        case HotspotAt(when):
            return shapes.at(batch["hotspot"], batch[when]).fill_null("null")
        case None:
            return pl.repeat("null", len(batch), eager=True)
