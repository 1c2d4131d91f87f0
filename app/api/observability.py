"""How well devices could be observed: intervals, gaps and what explains them, accuracy, clock."""

import asyncio
import datetime as dt
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field

from app.access.naming import Naming
from app.api.deps import DatabaseDep, Now, cursor_of, part_of_list
from app.api.errors import Invalid
from app.api.fields import Listing, Moment, Name, Schema, example
from app.api.naming import AsNamed, meant
from app.api.route import guarded_router
from app.observing.figures import Figures, figures
from app.observing.speed import unit_slip
from app.observing.track import SECOND_US
from app.storage import observing
from app.storage.observing import Watched
from app.storage.pages import Page, Slice
from app.storage.types import from_us

router = guarded_router("observability")
DevicePart = Annotated[Slice, part_of_list(default=50, most=200)]
LONGEST = dt.timedelta(days=31)
MOST_GAPS = 100
# Of one answer, which ends with the device that reaches it: some tenths of a second's work.
MOST_FIXES = 200_000


class ShownGap(Schema):
    """A silence in which nothing is known of a device, and what explains it, if anything does."""

    start: Moment
    end: Moment
    length_s: float
    why: str | None


class ShownClock(Schema):
    """How long after its time, by the device's clock, the freshest fix of a message comes."""

    error_s: float = Field(
        description="of the promptest message; below 0, as one in ten comes: the clock is ahead"
    )
    spread_s: float = Field(description="from that to nine messages in ten")
    half_s: float = Field(description="of half of the messages: large where it sends late")
    wrong: str | None = Field(description="what is amiss with the clock, in words")


class Observed(Schema):
    """One device's figures over a span. Where there is nothing to tell a figure by it is null."""

    model_config = example(
        {
            "device": "radio-07",
            "profile": "radio",
            "expected_interval_s": 60.0,
            "heard": "2026-01-15T22:58:01.000000Z",
            "fixes": 421,
            "first": "2026-01-15T15:00:02.000000Z",
            "last": "2026-01-15T22:57:58.000000Z",
            "interval_s": 60.0,
            "interval_90_s": 75.0,
            "interval_by_time_s": 60.0,
            "tracked_s": 28676.0,
            "observed_s": 25876.0,
            "observability": 0.902,
            "measurable": True,
            "gaps_total": 1,
            "gaps": [
                {
                    "start": "2026-01-15T18:01:00.000000Z",
                    "end": "2026-01-15T18:47:40.000000Z",
                    "length_s": 2800.0,
                    "why": "it was switched off, and on again",
                }
            ],
            "stale": 0.0,
            "accuracy_m": 8.0,
            "accuracy_90_m": 21.0,
            "accuracy_unknown": 0.0,
            "accuracy_over_limit": 0.01,
            "clock": {"error_s": 0.9, "spread_s": 4.6, "half_s": 2.8, "wrong": None},
            "speed_ratio": 1.02,
            "speed_unit": None,
            "doubled": 0,
        }
    )

    device: str
    profile: str
    expected_interval_s: float
    heard: Moment | None = Field(description="when its last fixes came, in this span or not")
    fixes: int
    first: Moment | None
    last: Moment | None
    interval_s: float | None = Field(description="between fixes: the median")
    interval_90_s: float | None
    interval_by_time_s: float | None = Field(
        description="half of the time lies in intervals no longer than this"
    )
    tracked_s: float = Field(description="from the first fix to the last, less silences over 4 h")
    observed_s: float = Field(description="of it, with fixes no further apart than the largest gap")
    observability: float | None = Field(description="observed / tracked time; null is not zero")
    measurable: bool | None = Field(description="whether that is at least 0.8")
    gaps_total: int
    gaps: list[ShownGap] = Field(description="the longest hundred, by their start")
    stale: float | None = Field(
        description="share of positions that are old, by what the device says, or cannot be dated"
    )
    accuracy_m: float | None = Field(description="the median, of the others")
    accuracy_90_m: float | None
    accuracy_unknown: float | None = Field(description="share of the others that tell none")
    accuracy_over_limit: float | None = Field(
        description="share of the others too vague to be used"
    )
    clock: ShownClock | None
    speed_ratio: float | None = Field(description="speed told / distance over time: the median")
    speed_unit: str | None = Field(description="what looks wrong with the unit, in words")
    doubled: int = Field(description="fixes within half a second of the one before")


def turn_of(request: Request) -> asyncio.Lock:
    """What one request holds while it reads devices' spans: ingest wants the connections, too."""
    state = request.app.state
    if not hasattr(state, "observing"):
        state.observing = asyncio.Lock()
    turn: asyncio.Lock = state.observing
    return turn


@router.get("/observability")
async def list_observability(
    *,
    naming: AsNamed,
    database: DatabaseDep,
    now: Now,
    part: DevicePart,
    start: Annotated[Moment, Query(alias="from")],
    end: Annotated[Moment, Query(alias="to", description="at most 31 days later")],
    device: Annotated[Name | None, Query(description="its name, as you see it")] = None,
    turn: Annotated[asyncio.Lock, Depends(turn_of)],
) -> Listing[Observed]:
    """How well each device that you may see could be observed over a span, by its fixes' times.

    Low observability means that the device's time is not measurable, never that nobody was there.
    A part of the list ends early once some 200,000 fixes have been read for it.
    """
    if not start < end <= start + LONGEST:
        raise Invalid(where="to", what="it is not after from, or by more than 31 days")
    async with turn:
        async with database.read() as reader:
            name = await meant(reader, naming, "device", device)
            page = await observing.page(reader, naming, part, now, name)
        items: list[Observed] = []
        fixes = 0
        for one in page.items:
            if fixes >= MOST_FIXES:
                break
            # A connection for one device: ingest may have it in between.
            async with database.read() as reader:
                track, sayings = await observing.figures_of(reader, one.id, start, end)
            found = await asyncio.to_thread(figures, track, one.profile, sayings)
            items.append(_shown(one, found, naming))
            fixes += len(track)
    return Listing(items=items, next=cursor_of(_up_to(page, len(items), naming)))


def _up_to(page: Page[Watched], shown: int, naming: Naming) -> Page[Watched]:
    """A page's first devices, as a page of their own."""
    if shown == len(page.items):
        return page
    last = page.items[shown - 1]
    return Page(page.items[:shown], (naming.places("device", {last.id: last.name})[last.id],))


def _shown(device: Watched, found: Figures, naming: Naming) -> Observed:
    share, ratio = found.observability, found.speed_ratio
    return Observed(
        device=naming.device(device.name),
        profile=device.profile_name,
        expected_interval_s=device.profile.interval_s,
        heard=device.heard,
        fixes=found.fixes,
        first=_moment(found.first_us),
        last=_moment(found.last_us),
        interval_s=found.interval_s,
        interval_90_s=found.interval_90_s,
        interval_by_time_s=found.interval_by_time_s,
        tracked_s=found.tracked_us / SECOND_US,
        observed_s=found.observed_us / SECOND_US,
        observability=share,
        measurable=found.measurable,
        gaps_total=len(found.gaps),
        gaps=_longest(found),
        stale=found.stale,
        accuracy_m=found.accuracy_m,
        accuracy_90_m=found.accuracy_90_m,
        accuracy_unknown=found.accuracy_unknown,
        accuracy_over_limit=found.accuracy_over,
        clock=None if found.clock is None else ShownClock(**found.clock._asdict()),
        speed_ratio=ratio,
        speed_unit=None if ratio is None else unit_slip(ratio),
        doubled=found.doubled,
    )


def _longest(found: Figures) -> list[ShownGap]:
    chosen = sorted(found.gaps, key=lambda gap: -gap.length_us)[:MOST_GAPS]
    return [
        ShownGap(
            start=from_us(gap.start_us),
            end=from_us(gap.end_us),
            length_s=gap.length_us / SECOND_US,
            why=gap.why,
        )
        for gap in sorted(chosen)
    ]


def _moment(time_us: int | None) -> dt.datetime | None:
    return None if time_us is None else from_us(time_us)
