"""Times and days as the options of a command give them; what cannot be meant ends the command."""

import datetime as dt
from contextlib import suppress

from app.cli.opening import fail
from app.compliance.calendar import FIRST_DAY, LAST_DAY


def time(option: str, text: str) -> dt.datetime:
    """A time with an offset (RFC 3339), in UTC."""
    found = None
    with suppress(ValueError):
        found = dt.datetime.fromisoformat(text)
    if found is None or found.tzinfo is None or not FIRST_DAY <= found.date() <= LAST_DAY:
        fail(f"{option} {text}: give a time with an offset, such as 2026-01-15T15:00:00Z", 2)
    return found.astimezone(dt.UTC)


def day(option: str, text: str) -> dt.date:
    """An operational day."""
    found = None
    with suppress(ValueError):
        found = dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day has no zone
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        fail(
            f"{option} {text}: give an operational day as YYYY-MM-DD, {FIRST_DAY} to {LAST_DAY}", 2
        )
    return found


def as_at(text: str | None, now: dt.datetime) -> dt.datetime | None:
    """The past moment of `--as-at`; None: now."""
    if text is None:
        return None
    moment = time("--as-at", text)
    if moment > now:
        fail(f"--as-at {text} lies in the future", 2)
    return moment
