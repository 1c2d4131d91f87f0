"""Hot spots, in and out as GeoJSON."""

import asyncio
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request
from fastapi.responses import JSONResponse

from app.access.viewer import Viewer
from app.api import geojson
from app.api.deps import AsAt, Asker, DatabaseDep, Now, cursor_of, part_of_list
from app.api.errors import Incomplete, Unreadable
from app.api.fields import Day, Name, Schema, example
from app.api.route import guarded_router
from app.places.checks import Spot, Spots, cautions, told
from app.storage import crimes, hotspots, reach
from app.storage.engine import Database
from app.storage.errors import NotFound
from app.storage.hotspots import HotspotVersion
from app.storage.pages import Slice
from app.storage.types import to_us
from ingest.moment import as_text

router = guarded_router("hot spots")
Keyed = Annotated[Name, Path()]
# A map wants them all at once.
SpotPart = Annotated[Slice, part_of_list(default=1000, most=10_000)]
_MOST_BESIDE: Final = 10_000  # hot spots that imported ones are looked at beside
_MOST_TOLD: Final = 5  # of a kind of thing to look at
OnDay = Annotated[Day | None, Query(description="Valid on this operational day; else today.")]


class GeoJsonResponse(JSONResponse):
    """GeoJSON (RFC 7946)."""

    media_type = "application/geo+json"


_RING = [[-0.1281, 51.508], [-0.1262, 51.508], [-0.1262, 51.5092], [-0.1281, 51.5092]]
_GEOMETRY = {"type": "Polygon", "coordinates": [[*_RING, _RING[0]]]}
_FEATURE = {
    "type": "Feature",
    "geometry": _GEOMETRY,
    "properties": {"id": "HS1", "name": "Market Place", "buffer_m": 20},
}
_STORED = {
    "type": "Feature",
    "id": "HS1",
    "geometry": _GEOMETRY,
    "properties": {
        "id": "HS1",
        "name": "Market Place",
        "buffer_m": 20,
        "valid_from": "2026-01-15",
        "valid_to": None,
        "area_ha": 2.9,
    },
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {
                "schema": {"type": "object", "title": "GeoJSON FeatureCollection or Feature"},
                "example": {"type": "FeatureCollection", "features": [_FEATURE]},
            }
            for media_type in (GeoJsonResponse.media_type, "application/json")
        },
    }
}


def _geojson(shown: Mapping[str, object]) -> dict[int | str, dict[str, Any]]:
    content = {"schema": {"type": "object"}, "example": shown}
    return {
        200: {"description": "GeoJSON (RFC 7946)", "content": {GeoJsonResponse.media_type: content}}
    }


_NOTE = "hot spot HS1 holds until 2026-02-01, when a later version begins"


class Imported(Schema):
    """How many hot spots were taken, how many of them changed anything, and what to know of it."""

    model_config = example({"imported": 20, "changed": 20, "notes": [_NOTE]})

    imported: int
    changed: int
    notes: Sequence[str]


class Ended(Schema):
    """A hot spot was ended; what to know of it."""

    model_config = example({"notes": []})

    notes: Sequence[str]


@router.post("/hotspots", status_code=201, openapi_extra=_BODY)
async def import_hotspots(
    request: Request,
    database: DatabaseDep,
    viewer: Asker,
    now: Now,
    valid_from: Annotated[
        Day | None, Query(description="Of features that do not say; else today.")
    ] = None,
) -> Imported:
    """Takes polygons as hot spots, by `properties.id`; each good one, whatever the others are.

    A changed one makes a new version, from its `properties.valid_from` (an operational day) on,
    until the next that is known begins: `notes` say so.
    Visits from then on are worked out anew, in the background, where that day is past or today;
    those that were told of before can still be read with `as_at`.
    """
    document = parse(await request.body())
    versions, faults = geojson.read(document, valid_from or geojson.today(now))
    async with database.write() as writer:
        changed = await hotspots.put(writer, versions, now)
    notes = await notes_of(database, viewer, versions if changed else [], now)
    if faults:
        detail = f"{len(faults)} of {len(faults) + len(versions)} features are not hot spots"
        errors = [{"index": one.index, "id": one.id, "detail": one.detail} for one in faults]
        detail += f": {faults[0].detail}"
        raise Incomplete(detail, len(versions), errors, notes)
    return Imported(imported=len(versions), changed=changed, notes=notes)


async def notes_of(
    database: Database, viewer: Viewer, versions: Sequence[HotspotVersion], now: dt.datetime
) -> list[str]:
    """What to know of hot spots that were just put: until when they hold, from when visits tell."""
    async with database.read() as reader:
        bounds = await reach.bounds(reader, viewer, {one.key: one.valid_from for one in versions})
    notes = []
    for key, until, replaced in bounds:
        why = "a later version begins" if replaced else "it ends"
        day = geojson.CALENDAR.day_of(to_us(until))
        notes.append(f"hot spot {key} holds until {day}, when {why}")
    start = min((one.valid_from for one in versions), default=now)
    notes += await _cautions(database, viewer, versions, now)
    return notes + await notes_from(database, viewer, start, now)


async def _cautions(
    database: Database, viewer: Viewer, versions: Sequence[HotspotVersion], now: dt.datetime
) -> list[str]:
    """What to look at in hot spots, also beside the others of today: it forbids none of them."""
    if not versions:
        return []
    async with database.read() as reader:
        page = await hotspots.page(reader, viewer, Slice(_MOST_BESIDE), now, now)
        stations = await crimes.stations(reader, viewer)
    ours = {one.key for one in versions}
    spots = [
        Spot(one.key, one.geometry, one.buffer_m)
        for one in (*versions, *(other for other in page.items if other.key not in ours))
    ]

    def found() -> list[str]:
        all_ = cautions(Spots.of(spots), stations)
        return told([one for one in all_ if ours.intersection(one.about)], _MOST_TOLD)

    return await asyncio.to_thread(found)


async def notes_from(
    database: Database, viewer: Viewer, start: dt.datetime, now: dt.datetime
) -> list[str]:
    """What to know where visits are to be worked out anew from a moment on."""
    if start >= now:
        return []
    async with database.read() as reader:
        first = await reach.lost_before(reader, viewer, start)
    if first is None:
        return []
    return [
        f"the first stored fix is of {as_text(to_us(first))}: visits before it stay as they are"
    ]


def parse(body: bytes) -> object:
    """The JSON of a body. Raises Unreadable."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        msg = f"this is not JSON: {exc}"
        raise Unreadable(msg) from exc


@router.get(
    "/hotspots",
    responses=_geojson({"type": "FeatureCollection", "features": [_STORED], "next": None}),
    response_class=GeoJsonResponse,
)
async def list_hotspots(
    *,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    part: SpotPart,
    as_at: AsAt,
    on: OnDay = None,
) -> GeoJsonResponse:
    """The hot spots of a day, as a FeatureCollection."""
    async with database.read() as reader:
        page = await hotspots.page(reader, viewer, part, _moment(on, now), as_at or now)
    features = [geojson.feature(version) for version in page.items]
    collection = {"type": "FeatureCollection", "features": features, "next": cursor_of(page)}
    return GeoJsonResponse(collection)


@router.get(
    "/hotspots/{key}",
    responses=_geojson(_STORED),
    response_class=GeoJsonResponse,
)
async def get_hotspot(
    *,
    key: Keyed,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    as_at: AsAt,
    on: OnDay = None,
) -> GeoJsonResponse:
    """One hot spot as it is on a day, as a Feature."""
    async with database.read() as reader:
        version = await hotspots.one(reader, viewer, key, _moment(on, now), as_at or now)
    if version is None:
        msg = f"there is no hot spot {key!r} on that day"
        raise NotFound(msg)
    return GeoJsonResponse(geojson.feature(version))


@router.delete("/hotspots/{key}")
async def end_hotspot(
    key: Keyed,
    database: DatabaseDep,
    viewer: Asker,
    now: Now,
    first: Annotated[
        Day, Query(alias="from", description="the first operational day on which it is none")
    ],
) -> Ended:
    """Ends a hot spot, from a day on that may be past; what it was before stays, as do its visits.

    Visits from that day on are worked out anew, in the background; those that were told of before
    can still be read with `as_at`.
    """
    moment = geojson.start_of(first)
    async with database.write() as writer:
        await hotspots.end(writer, key, moment, now)
    return Ended(notes=await notes_from(database, viewer, moment, now))


def _moment(on: dt.date | None, now: dt.datetime) -> dt.datetime:
    """When an operational day begins; without one, that of now."""
    return geojson.start_of(on or geojson.today(now))
