"""What the service took in, for the audit log: one entry a minute for each format, not per fix."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from app.access.audit import Act, Entry
from app.auditing import Auditor
from app.storage.audit import OURSELVES
from ingest.columns import Columns
from ingest.decoders import SOURCES

_MINUTE_S: Final = 60.0

Store = Callable[[Columns], Awaitable[npt.NDArray[np.uint8]]]


class Collected:
    """Counts what was stored, by format; and who was turned away without an entry of their own."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor
        self._fixes: Counter[int] = Counter()
        self._devices: dict[int, set[int]] = {}

    def over(self, store: Store) -> Store:
        """The same store, counted."""

        async def counted(columns: Columns) -> npt.NDArray[np.uint8]:
            verdicts = await store(columns)
            for source in np.unique(columns.source).tolist():
                devices = columns.device[columns.source == source]
                self._fixes[source] += len(devices)
                self._devices.setdefault(source, set()).update(np.unique(devices).tolist())
            return verdicts

        return counted

    async def flush(self) -> None:
        """Writes what was counted since the last time; where that fails it is counted on.

        Raises DatabaseUnavailable.
        """
        fixes, devices = self._fixes, self._devices
        self._fixes, self._devices = Counter(), {}
        entries = [
            _ours(
                Act.COLLECTION,
                f"ingest {SOURCES[source]}",
                fixes=taken,
                devices=len(devices[source]),
            )
            for source, taken in sorted(fixes.items())
        ]
        try:
            await self._auditor.note(*entries)
        except BaseException:
            self._fixes += fixes
            for source, found in devices.items():
                self._devices.setdefault(source, set()).update(found)
            raise
        refused = "refused, besides those that are listed"
        turned_away = self._auditor.unlogged()
        await self._auditor.note(
            *(_ours(Act.ACCESS, refused, of=one, times=many) for one, many in turned_away.items())
        )

    async def run(self, attempt: Callable[[Awaitable[None]], Awaitable[None]]) -> None:
        """Writes each minute, until it is cancelled; `attempt` does what may fail."""
        while True:
            await asyncio.sleep(_MINUTE_S)
            await attempt(self.flush())


def _ours(act: Act, what: str, **details: object) -> Entry:
    said = {name: str(value) for name, value in details.items()}
    return Entry(act, *OURSELVES, what, said)
