"""What a table can be taken away as: one table of the formats, one writer a file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import IO, Final

from app.reports.formats import csv, geojson, json, parquet, xlsx
from app.reports.table import Batch, Heading

# Writes a whole table into a file, as its batches come; to be called in a thread.
Write = Callable[[Heading, Iterable[Batch], IO[bytes]], None]


class Format(StrEnum):
    """The name of a format."""

    JSON = auto()
    CSV = auto()
    XLSX = auto()
    PARQUET = auto()
    GEOJSON = auto()


@dataclass(frozen=True, slots=True)
class Form:
    """How a format is written; where it `grows`, what is written stays as it is."""

    media_type: str
    write: Write
    grows: bool = True

    @property
    def essence(self) -> str:
        """Its media type without parameters."""
        return self.media_type.partition(";")[0]


FORMS: Final[dict[Format, Form]] = {
    Format.JSON: Form("application/json", json.write),
    Format.CSV: Form("text/csv; charset=utf-8", csv.write),
    Format.XLSX: Form(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        xlsx.write,
        grows=False,
    ),
    Format.PARQUET: Form("application/vnd.apache.parquet", parquet.write),
    Format.GEOJSON: Form("application/geo+json", geojson.write),
}
