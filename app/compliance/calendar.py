"""Operational days: which one a moment belongs to, and when a local time of one of them is."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = dt.timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
# Wide enough for every figure, and narrow enough that no zone or database overflows.
FIRST_DAY, LAST_DAY = dt.date(1970, 1, 3), dt.date(2199, 12, 28)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name.

    Raises ValueError where there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        # A path, a folder's name or an empty one each fail in a way of their own.
        msg = f"no time zone is called {name!r}"
        raise ValueError(msg) from exc


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that begin at `day_start`, local time, so that a night shift is one day.

    Times are microseconds since the Unix epoch, UTC.
    """

    zone: ZoneInfo = LONDON
    day_start: dt.time = dt.time(6)

    def at(self, date: dt.date, local: dt.time) -> int:
        """The moment of a local time on a calendar date.

        A time that the spring change leaves out moves forward by what was left out, and of one that
        the autumn change repeats the first is meant (RFC 5545, section 3.3.5, form 3).
        """
        moment = dt.datetime.combine(date, local.replace(fold=0), self.zone)
        return (moment - _EPOCH) // _MICROSECOND

    def past_gap(self, date: dt.date, local: dt.time) -> int:
        """The moment from which on the clocks show a local time or a later one.

        Of a time that the spring change leaves out, that is the change itself.
        """
        late = self.at(date, local)
        early = (
            dt.datetime.combine(date, local.replace(fold=1), self.zone) - _EPOCH
        ) // _MICROSECOND
        if early >= late:
            return late
        # The change lies between the two readings of a time that it leaves out.
        before = self._offset(early)
        while early + 1 < late:
            middle = (early + late) // 2
            early, late = (middle, late) if self._offset(middle) == before else (early, middle)
        return late

    def _offset(self, time_us: int) -> dt.timedelta | None:
        return (_EPOCH + time_us * _MICROSECOND).astimezone(self.zone).utcoffset()

    def start_of(self, day: dt.date) -> int:
        """The moment at which an operational day begins; the one before it ends there."""
        return self.at(day, self.day_start)

    def day_of(self, time_us: int) -> dt.date:
        """The operational day that a moment lies in."""
        day = (_EPOCH + time_us * _MICROSECOND).astimezone(self.zone).date()
        return day - DAY if time_us < self.start_of(day) else day
