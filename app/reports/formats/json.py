"""Tables as JSON: what was asked, and the rows as objects."""

import json
from collections.abc import Iterable
from typing import IO

from app.reports.formats.text import as_json, write_listed
from app.reports.table import Batch, Heading


def write(heading: Heading, batches: Iterable[Batch], file: IO[bytes]) -> None:
    """Writes a table: times as RFC 3339 in UTC to the microsecond, a row a line."""
    head = json.dumps({"table": heading.table.name, "parameters": dict(heading.parameters)})
    file.write(f'{head[:-1]}, "items": [\n'.encode())
    write_listed(map(as_json, batches), file)
    file.write(b"\n]}\n")
