"""What people are told: events as they come, and those that have been."""

import json
from functools import lru_cache
from typing import Annotated, Literal

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import Field, JsonValue

from app.access.naming import Naming
from app.api.deps import Asker, DatabaseDep, Now, begin, cursor_of, part_of_list
from app.api.eventstream import MEDIA_TYPE, EventStream, follow, place_of
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.naming import AsNamed, device_meant
from app.api.route import guarded_router
from app.api.state import live_of
from app.live import RECENT
from app.storage import device_events, events
from app.storage.events import Kind, Told
from app.storage.pages import Slice

router = guarded_router("events")
EventPart = Annotated[Slice, part_of_list(default=100, most=1000, ordered_by=2)]
From = Annotated[
    Moment | None,
    Query(
        alias="from",
        description="happened then or later; without it, for officers and supervisors: in the last "
        "31 days, or those before `to`",
    ),
]
To = Annotated[Moment | None, Query(alias="to", description="happened before then")]
Kinds = Annotated[list[Kind] | None, Query(max_length=50, description="only of these kinds")]
Words = Annotated[list[Name] | None, Query(max_length=50, description="only of these kinds")]
_EXAMPLE = {
    "id": 4711,
    "kind": "emergency",
    "time": "2026-01-15T15:02:11.250000Z",
    "stored": "2026-01-15T15:02:11.871000Z",
    "live": True,
    "device": "radio-17",
    "hotspot": None,
    "visit": None,
    "officers": ["1234"],
    "detail": None,
    "plan": None,
    "data": None,
}


class Event(Schema):
    """Something that people are told.

    `emergency`, `power_on`, `power_off`, `gps_lost`, `gps_back`, `battery_low`: what a device said
    of itself. What was more than 15 minutes old when it was stored is not `live`: nobody was told
    at once. An emergency always is.

    `entered` and `left`: a device and a hot spot, and which `visit`. Of these three the event with
    the largest id says whether the device is there. `entered` is live where the device was there
    within the last 15 minutes, and then so is the `left` that follows, however late it becomes
    known. The device is in one visit there at most: whoever enters again, after a gap or after
    late fixes, has `left` the former before. `detail` says of a `left` that the device
    `fell silent` or, as late fixes or another hot spot show, `was not there`.

    Of a `plan`, each once: `target_reached`, when a patrol that it asks for has lasted the minimum,
    and `left_early`, when one is over that surely did not: one event for each device there, with
    `minutes` and the `minimum` in `data`. `hotspot_overdue`: so many patrols are `owed` in a
    `window` of a `day`, and nobody has been there for as many `minutes` as the plan allows.
    `coverage_at_risk`: a window that goes on like this ends below the `target`, at the coverage
    `projected`; so many of its `cells` are `covered`. These two are live while the window lasts,
    and only then.

    `glass_broken`: somebody lets themselves see these `officers`, `until` when; `detail` says who
    and why. Each officer is told of by an event of their own.
    """

    model_config = example(_EXAMPLE)

    id: int
    kind: str
    time: Moment = Field(description="when it happened")
    stored: Moment
    live: bool
    device: str | None
    hotspot: str | None
    visit: Moment | None = Field(
        description="of `entered` and `left`: the first moment of the visit, as it was told first"
    )
    officers: list[str] = Field(description="numbers of those who had the device then")
    detail: str | None = Field(
        description="in words: a device's own, which are null for who sees no names"
    )
    plan: str | None = Field(description="the key of the plan that it is about")
    data: dict[str, JsonValue] | None = Field(description="figures that belong to it")


class DeviceEvent(Schema):
    """What a device said of itself: when that was, and when it came, in which wire format."""

    model_config = example(
        {
            "time": "2026-01-15T15:02:11.000000Z",
            "kind": "gps_lost",
            "received": "2026-01-15T15:02:11.871000Z",
            "detail": None,
            "source": "tetra",
        }
    )

    time: Moment
    kind: str
    received: Moment
    detail: str | None = Field(description="its own words; null, too, for who sees no names")
    source: str


def _form(
    f: Annotated[
        Literal["json", "stream"] | None, Query(description="The format; or send `Accept`.")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Literal["json", "stream"]:
    return f or ("stream" if accept.lower().startswith(MEDIA_TYPE) else "json")


def _position(
    after: Annotated[
        int | None,
        Query(ge=0, le=LARGEST_ID, description="of a stream: the id of the last event known"),
    ] = None,
    last_event_id: Annotated[str, Header(max_length=18, pattern="^[0-9]*$")] = "",
) -> int | None:
    # What a stream that broke off has come to counts before where it was once begun.
    return int(last_event_id) if last_event_id else after


_STREAM = f"id: 4711\nevent: emergency\ndata: {json.dumps(_EXAMPLE)}\n\n"


@router.get(
    "/events",
    response_model=Listing[Event],
    responses={200: {"content": {MEDIA_TYPE: {"example": _STREAM}}}},
)
async def list_events(
    *,
    request: Request,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    part: EventPart,
    naming: AsNamed,
    form: Annotated[Literal["json", "stream"], Depends(_form)],
    position: Annotated[int | None, Depends(_position)],
    start: From = None,
    end: To = None,
    kind: Kinds = None,
) -> Listing[Event] | Response:
    """The events that you may see: a list of those that were, or a stream of those that come.

    `Accept: text/event-stream` gives the stream of live events (server-sent events): from now on,
    or from what `Last-Event-ID` or `after` names, without a gap. It ends when your token does, and
    when the service stops. The list has all, by the time when they happened. Officers see events
    of the devices they carried, supervisors those of their teams; who has no right to names,
    pseudonyms.
    """
    if form == "stream":
        last = await live_of(request).last()
        # What is past the last was told by another database: it has been restored since.
        known = last if position is None else min(position, last)
        lines = follow(request, _text, known, None if kind is None else set(kind))
        return EventStream(lines, place_of(request, viewer))
    wanted = events.Wanted(begin(viewer, start, end, now), end, kind)
    async with database.read() as reader:
        page = await events.page(reader, viewer, wanted, part)
    return Listing(
        items=[_shown(told.named_by(naming)) for told in page.items], next=cursor_of(page)
    )


@router.get("/devices/{name}/events")
async def list_device_events(
    *,
    name: Annotated[Name, Path()],
    viewer: Asker,
    naming: AsNamed,
    database: DatabaseDep,
    now: Now,
    part: EventPart,
    start: From = None,
    end: To = None,
    kind: Words = None,
) -> Listing[DeviceEvent]:
    """What a device said of itself, by time, while it was with somebody whom you may see.

    By its name as you see it; one that was never with any of these is not there.
    """
    wanted = events.Wanted(begin(viewer, start, end, now), end, kind)
    async with database.read() as reader:
        device = await device_meant(reader, naming, name)
        page = await device_events.page(reader, viewer, device, wanted, part)
    items = [_said(one, naming) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


def _said(event: device_events.DeviceEvent, naming: Naming) -> DeviceEvent:
    return DeviceEvent(
        time=event.time,
        kind=event.kind,
        received=event.received,
        detail=event.detail if naming.by_name else None,
        source=event.source,
    )


# Followers see the same of an event, or one of a few parts; many follow.
@lru_cache(maxsize=2 * RECENT)
def _text(told: Told) -> str:
    """An event as one of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    return f"id: {told.id}\nevent: {told.kind}\ndata: {_shown(told).model_dump_json()}\n\n"


def _shown(told: Told) -> Event:
    return Event(
        id=told.id,
        kind=told.kind,
        time=told.time,
        stored=told.stored,
        live=told.live,
        device=told.device,
        hotspot=told.hotspot,
        visit=told.visit,
        officers=[one.number for one in told.carriers],
        detail=told.detail,
        plan=told.plan,
        data=None if told.data is None else json.loads(told.data),
    )
