"""Looks at all devices, one after another, and says which can judge a patrol."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from app.access.naming import Naming
from app.access.viewer import Viewer
from app.doctor.devices import Seen, faults, fine, told
from app.doctor.finding import Finding, Status, counted, failed, listed
from app.doctor.judging import Fitness, Patrols, judged, summary
from app.doctor.places import Cores, Sized, check_widths
from app.observing.figures import figures
from app.storage import observing
from app.storage.engine import Database
from app.storage.errors import StorageError
from app.storage.observing import Shared, Watched
from app.storage.pages import Slice

_PAGE: Final = 500
_DEVICES: Final = "devices"
_DO_MAKE: Final = "POST /api/v1/devices."
# Clocks may be ahead by as much as the service lets them.
_AHEAD: Final = dt.timedelta(days=1)


async def check_devices(
    database: Database,
    viewer: Viewer,
    spots: Sized,
    patrols: Patrols,
    span: tuple[dt.datetime, dt.datetime],
) -> list[Finding]:
    """Everything about the devices over a span, and whether the hot spots are wide enough.

    First which devices can judge a patrol, and which formats came. Where the database fails in the
    middle, what is found of the devices until then.
    """
    found: list[Finding] = []
    accuracies: list[float] = []
    fitness: dict[str, Fitness] = {}
    known: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    broken: list[Finding] = []
    cores = Cores(spots)
    try:
        async for seen in _all(database, viewer, span):
            found += faults(seen)
            known.update(told(seen))
            formats.update(seen.formats)
            fitness[seen.device.name], verdict = judged(seen, spots.keys, cores, patrols)
            found += verdict
            if seen.figures.accuracy_90_m is not None:
                accuracies.append(seen.figures.accuracy_90_m)
    except StorageError as exc:
        broken = [failed(_DEVICES, exc)]
    if not fitness:
        return broken or [Finding(_DEVICES, Status.NOTE, "There are no devices yet.", _DO_MAKE)]
    fit = summary(fitness, patrols) if spots.keys else []
    widths = check_widths(spots, accuracies)
    well = fine(found, known, len(fitness))
    return [*fit, *check_formats(formats, span), *broken, *widths, *found, *well]


async def _all(
    database: Database, viewer: Viewer, span: tuple[dt.datetime, dt.datetime]
) -> AsyncIterator[Seen]:
    """Each device with its figures; memory holds the fixes of one at a time."""
    # Whoever has the database in their hands reads names, and no pseudonyms.
    naming = Naming(viewer, secret=b"")
    part: Slice | None = Slice(_PAGE)
    while part is not None:
        async with database.read() as reader:
            page = await observing.page(reader, naming, part, span[1])
        for device in page.items:
            yield await _seen(database, device, *span)
        part = None if page.next is None else Slice(_PAGE, page.next)


async def _seen(database: Database, device: Watched, start: dt.datetime, now: dt.datetime) -> Seen:
    async with database.read() as reader:
        track, sayings = await observing.figures_of(reader, device.id, start, now + _AHEAD)
        elsewhen = not len(track) and device.heard is not None and device.heard >= start
        if elsewhen:
            track = await observing.lately(reader, device.id, start, now + _AHEAD)
        sources = await observing.sources(reader, device.id, start, now + _AHEAD)
    found = await asyncio.to_thread(figures, track, device.profile, sayings)
    return Seen(device, found, start, now, elsewhen, sources)


def check_addresses(shared: Sequence[Shared]) -> list[Finding]:
    """Names on the wire that several devices answer to."""
    if not shared:
        return [Finding("addresses", Status.OK, "No two devices have one address.")]
    return [
        Finding(
            "addresses",
            Status.LOOK,
            f"{len(one.devices)} devices answer to {one.address!r}: {listed(one.devices)};"
            " a gateway that speaks for both reaches neither by it.",
            "Give each an address of its own.",
            one.address,
        )
        for one in shared
    ]


def check_formats(
    received: Mapping[str, int], span: tuple[dt.datetime, dt.datetime]
) -> list[Finding]:
    """Which formats came in over a span, and of how many devices."""
    hours = (span[1] - span[0]).total_seconds() / 3600
    if not received:
        says = f"No fix of the last {hours:g} h is stored."
        return [Finding("formats", Status.LOOK, says, "Have a device send one.")]
    which = ", ".join(
        f"{name} (of {counted(received[name], 'device')})" for name in sorted(received)
    )
    return [Finding("formats", Status.OK, f"Received in the last {hours:g} h: {which}.")]
