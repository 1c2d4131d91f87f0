"""What people are told of visits: who came to a hot spot, and who left it.

Of a device at a hot spot they are told `entered` and `left` by turns: what was said last is how
it is. So a change alone tells nothing, but that what was said differs from what the table of visits
says now: whatever late fixes, silence or another hot spot have made of it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.storage import events, visits, whereabouts
from app.storage.engine import Writer
from app.storage.events import LATEST, Event
from app.storage.findings import VisitRow
from app.storage.types import from_us
from app.storage.visits import Change
from app.storage.whereabouts import Stay


class News(NamedTuple):
    """What to tell, in order; the stays that are over by it, and those that have begun."""

    events: list[Event]
    over: list[Stay]
    begun: list[Stay]


async def tell(
    writer: Writer,
    changes: Sequence[Change],
    now: dt.datetime,
    *,
    history: bool = True,
    why: str | None = None,
) -> None:
    """Tells what changed visits of locked devices mean, as the last thing that a transaction does.

    Without `history` nothing of visits that are over, but that they are; `why` that became known.
    """
    changes = [change for change in changes if _matters(change, now)]
    if not changes:
        return
    devices = sorted({_place(change)[0] for change in changes})
    told = await whereabouts.of(writer, devices)
    under_way = await visits.under_way(writer, devices)
    news = comings_and_goings(changes, told, under_way, now, history=history, why=why)
    await whereabouts.change(writer, news.over, news.begun)
    await events.write(writer, news.events, now)


def comings_and_goings(
    changes: Sequence[Change],
    told: Sequence[Stay],
    under_way: Sequence[VisitRow],
    now: dt.datetime,
    *,
    history: bool = True,
    why: str | None = None,
) -> News:
    """The news at the places of these changes, by when it happened.

    `told` is where the devices are as people know, `under_way` their open visits as of now.
    """
    news = News([], [], [])
    heres = {place: _Here([], None, [], now) for place in map(_place, changes)}
    for change in changes:
        heres[_place(change)].changes.append(change)
    for visit in under_way:
        if here := heres.get((visit.device_id, visit.hotspot_id)):
            here.under_way.append(visit)
    for stay in told:
        place = stay.device_id, stay.hotspot_id
        if place in heres:
            heres[place] = heres[place]._replace(told=stay)
    for here in heres.values():
        here.tell(news, history=history, why=why)
    news.events.sort(key=lambda event: event.time)
    return news


def _matters(change: Change, now: dt.datetime) -> bool:
    """Whether a visit came, went, opened or closed, or is seen again now that was history."""
    before, after = change
    if before is None or after is None or before.open != after.open:
        return True
    return not _is_news(before, now) and _is_news(after, now)


def _place(change: Change) -> tuple[int, int]:
    visit = change.after or change.before
    assert visit is not None  # noqa: S101 -- a change is of a visit
    return visit.device_id, visit.hotspot_id


def _is_news(visit: VisitRow, now: dt.datetime) -> bool:
    return now - visit.exit <= LATEST


def _covers(visit: VisitRow, moment: dt.datetime) -> bool:
    return from_us(visit.first_us) <= moment <= visit.exit


class _Here(NamedTuple):
    """A device at a hot spot: what has changed, what people know, which of its visits are open."""

    changes: list[Change]
    told: Stay | None
    under_way: list[VisitRow]
    now: dt.datetime

    def tell(self, news: News, *, history: bool, why: str | None) -> None:
        told, current = self.told, self._current()
        goes_on = told is not None and current is not None and _covers(current, told.visit)
        if told is not None and not goes_on:
            news.events.append(self._left(told, current, why))
            news.over.append(told)
        if history:
            # Not live while it stays inside: what is told last is to be how it is.
            news.events.extend(
                event
                for visit in self._unheard_of()
                if current is None or visit.key != current.key
                for event in _passage(visit, live=_is_news(visit, self.now) and not goes_on)
            )
        if current is None:
            return
        stay = _stay(current, live=_is_news(current, self.now))
        if told is None or not goes_on:
            news.events.append(_entered(current, stay))
            news.begun.append(stay)
        elif stay.live and not told.live:
            # It was history when they could have been told.
            stay = told._replace(live=True)
            news.events.append(_entered(current, stay))
            news.over.append(told)
            news.begun.append(stay)

    def _afters(self) -> list[VisitRow]:
        return [change.after for change in self.changes if change.after is not None]

    def _current(self) -> VisitRow | None:
        """The last visit, if it is open: one before it that broke off stays open, too."""
        known = [*self.under_way, *self._afters()]
        last = max(known, key=lambda visit: visit.first_us, default=None)
        return last if last is not None and last.open else None

    def _left(self, told: Stay, current: VisitRow | None, why: str | None) -> Event:
        seen = next((v for v in [*self._afters(), *self.under_way] if _covers(v, told.visit)), None)
        exit_ = told.visit if seen is None else seen.exit
        if current is not None:
            exit_ = min(exit_, current.enter)
        return Event(
            "left",
            exit_,
            told.device_id,
            told.hotspot_id,
            "was not there" if seen is None else why,
            visit=told.visit,
            live=told.live,
        )

    def _unheard_of(self) -> Iterator[VisitRow]:
        """The visits of which there was nothing.

        Late fixes may move the beginning of a visit, and it then is another one in the table.
        """
        gone = [before for before, after in self.changes if before is not None and after is None]
        for before, after in self.changes:
            if before is None and after is not None:
                moved = any(old.enter <= after.exit and after.enter <= old.exit for old in gone)
                if not moved:
                    yield after


def _stay(visit: VisitRow, *, live: bool) -> Stay:
    return Stay(visit.device_id, visit.hotspot_id, from_us(visit.first_us), live)


def _entered(visit: VisitRow, stay: Stay) -> Event:
    return Event(
        "entered", visit.enter, stay.device_id, stay.hotspot_id, visit=stay.visit, live=stay.live
    )


def _passage(visit: VisitRow, *, live: bool) -> Iterator[Event]:
    stay = _stay(visit, live=live)
    entered = _entered(visit, stay)
    yield entered
    yield Event("left", visit.exit, visit.device_id, visit.hotspot_id, visit=stay.visit, live=live)
