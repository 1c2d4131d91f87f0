"""What people are told of a batch: who came to a hot spot, and who left it."""

from collections.abc import Iterator, Sequence

from app.storage.events import Event
from app.storage.findings import VisitRow
from app.storage.visits import Change

# A device and a hot spot.
_Place = tuple[int, int]


def comings_and_goings(changes: Sequence[Change]) -> list[Event]:
    """`entered` for each visit not known of before, `left` for each that was not known to be over.

    Late fixes may move the beginning of a visit, and it then is another one in the table: what
    overlaps with one of the same device and hot spot that is no more was told of with that.
    """
    gone: dict[_Place, list[VisitRow]] = {}
    for before, after in changes:
        if before is not None and after is None:
            gone.setdefault(_place(before), []).append(before)
    return [
        event
        for before, after in changes
        if after is not None
        for event in _news(before or _counterpart(after, gone.get(_place(after), ())), after)
    ]


def _place(visit: VisitRow) -> _Place:
    return visit.device_id, visit.hotspot_id


def _counterpart(visit: VisitRow, gone: Sequence[VisitRow]) -> VisitRow | None:
    return next((old for old in gone if old.enter <= visit.exit and visit.enter <= old.exit), None)


def _news(before: VisitRow | None, after: VisitRow) -> Iterator[Event]:
    device, hotspot = _place(after)
    if before is None:
        yield Event("entered", after.enter, device, hotspot)
    if not after.open and (before is None or before.open):
        yield Event("left", after.exit, device, hotspot)
