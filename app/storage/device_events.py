"""What devices say of themselves: each (device, time, kind) once."""

from collections.abc import Sequence

from sqlalchemy.dialects import postgresql, sqlite

from app.storage.engine import Writer
from app.storage.schema import device_events
from app.storage.types import from_us, storable
from ingest.message import Said

# Characters; both texts may be a stranger's, and what is longer is cut.
LONGEST_KIND = 40
LONGEST_DETAIL = 200

_ADD = {
    "sqlite": sqlite.insert(device_events).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(device_events).on_conflict_do_nothing(),
}


async def keep(writer: Writer, rows: Sequence[Said]) -> None:
    """Stores events, in one statement; of those with one key the first to come stays."""
    if not rows:
        return
    # In the order of their keys: two transactions that wait for each other's would do so for ever.
    ordered = sorted(rows, key=lambda said: (said.device, said.time_us, said.kind))
    await writer.execute(_ADD[writer.dialect.name], [_row(said) for said in ordered])


def _row(said: Said) -> dict[str, object]:
    return {
        "device_id": said.device,
        "time": from_us(said.time_us),
        "kind": storable(said.kind[:LONGEST_KIND]),
        "received": from_us(said.received_us),
        "detail": None if said.detail is None else storable(said.detail[:LONGEST_DETAIL]),
        "source": said.source,
    }
