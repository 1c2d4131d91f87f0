"""What the service took in, for the audit log: one entry a minute for each format, not per fix."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from app.access.audit import Act, Entry, Whose
from app.auditing import Auditor
from app.storage.audit import OURSELVES
from ingest.columns import Columns
from ingest.decoders import SOURCES
from ingest.screen import Verdict
from ingest.sender import Sender
from ingest.trackintake import FileReceipt

_LONGEST: Final = 500  # characters that are kept of files' names
_MINUTE_S: Final = 60.0
_REFUSED: Final = "refused, besides those that are listed"

Store = Callable[[Columns], Awaitable[npt.NDArray[np.uint8]]]


@dataclass(slots=True)
class _Taken:
    """What came by one format: fixes that were stored, and such of which only their time was."""

    fixes: int = 0
    unplaced: int = 0
    devices: set[int] = field(default_factory=set)

    def add(self, more: "_Taken") -> None:
        self.fixes += more.fixes
        self.unplaced += more.unplaced
        self.devices |= more.devices

    def details(self) -> dict[str, int]:
        far = {"unplaced": self.unplaced} if self.unplaced else {}
        return {"fixes": self.fixes, "devices": len(self.devices), **far}


class Collected:
    """Counts what was stored, by format; and who was turned away without an entry of their own."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor
        self._taken: dict[int, _Taken] = defaultdict(_Taken)
        self._files: list[Entry] = []

    def over(self, store: Store) -> Store:
        """The same store, counted: what was there already is no collection."""

        async def counted(columns: Columns) -> npt.NDArray[np.uint8]:
            verdicts = await store(columns)
            kept = (verdicts == Verdict.STORED) | (verdicts == Verdict.FAR)
            for source in np.unique(columns.source[kept]).tolist():
                self._add(source, columns, verdicts, kept & (columns.source == source))
            return verdicts

        return counted

    def _add(
        self,
        source: int,
        columns: Columns,
        verdicts: npt.NDArray[np.uint8],
        mine: npt.NDArray[np.bool_],
    ) -> None:
        far = int((verdicts[mine] == Verdict.FAR).sum())
        devices = set(np.unique(columns.device[mine]).tolist())
        self._taken[source].add(_Taken(int(mine.sum()) - far, far, devices))

    def uploaded(self, sender: Sender, files: Sequence[FileReceipt]) -> None:
        """Takes note of files that somebody has given: they are an entry of their own."""
        details = {
            "files": ", ".join(file.file for file in files)[:_LONGEST],
            "formats": ", ".join(sorted({file.kind for file in files if file.kind is not None})),
            "fixes": sum(file.accepted for file in files),
        }
        whose = Whose(devices=frozenset({sender.device or sender.number}))
        entry = _ours(Act.COLLECTION, "ingest files", **details)
        self._files.append(replace(entry, whose=whose))

    async def flush(self) -> None:
        """Writes what was counted since the last time; where that fails it is counted on.

        Raises DatabaseUnavailable.
        """
        taken, self._taken = self._taken, defaultdict(_Taken)
        files, self._files = self._files, []
        turned_away = self._auditor.unlogged()
        collected = [
            _ours(Act.COLLECTION, f"ingest {SOURCES[source]}", **one.details())
            for source, one in sorted(taken.items())
        ]
        refused = [_ours(Act.ACCESS, _REFUSED, of=of, times=n) for of, n in turned_away.items()]
        try:
            await self._auditor.note(*files, *collected, *refused)
        except BaseException:
            self._auditor.remember(turned_away)
            self._files[:0] = files
            for source, one in taken.items():
                self._taken[source].add(one)
            raise

    async def run(self, attempt: Callable[[Awaitable[None]], Awaitable[None]]) -> None:
        """Writes each minute, until it is cancelled; `attempt` does what may fail."""
        while True:
            await asyncio.sleep(_MINUTE_S)
            await attempt(self.flush())


def _ours(act: Act, what: str, **details: object) -> Entry:
    said = {name: str(value) for name, value in details.items()}
    return Entry(act, *OURSELVES, what, said)
