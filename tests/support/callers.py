"""Who calls the API in tests, and the clock they call it by."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.storage.types import to_us

ADMIN = "bkt_of-the-first-administrator-of-all"
# Makes a token of a role (and whatever else its JSON says) and gives the header that shows it.
TokenFor = Callable[..., Awaitable[dict[str, str]]]


@dataclass
class Clock:
    """Stands still until it is set."""

    now: dt.datetime = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)

    def now_us(self) -> int:
        return to_us(self.now)

    def set(self, text: str) -> None:
        self.now = dt.datetime.fromisoformat(text)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
