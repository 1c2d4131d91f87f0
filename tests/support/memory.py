"""Storage in memory, behind the same seam as the pipeline's, and who is known there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ingest.columns import Columns
from ingest.errors import StorageUnavailable
from ingest.message import Broken, Said
from ingest.screen import Verdict, screen
from ingest.sender import Address, Credential, Key, Sender

NOW_US = 1_772_399_045_000_000  # 2026-03-01T21:04:05Z


@dataclass
class Storage:
    """A sink that keeps fixes by (device, time), can be held, and can fail.

    It fails by turns (`failures`), for good (at `poison_lat`), or for a while (at `away_lat`).
    """

    fixes: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict)
    batches: list[Columns] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    poison_lat: float | None = None
    away_lat: float | None = None
    open: asyncio.Event = field(default_factory=asyncio.Event)
    broken: list[Broken] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    async def store(self, columns: Columns) -> npt.NDArray[np.uint8]:
        self.batches.append(columns)
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        if self.away_lat in columns.lat:
            msg = "away for this one"
            raise StorageUnavailable(msg)
        if self.poison_lat in columns.lat:
            msg = "value out of range for type real"
            raise OverflowError(msg)
        verdicts = screen(columns)
        for row in range(columns.n):
            key = (int(columns.device[row]), int(columns.time_us[row]))
            if verdicts[row] == Verdict.STORED and key in self.fixes:
                verdicts[row] = Verdict.DUPLICATE
            elif verdicts[row] == Verdict.STORED:
                self.fixes[key] = (float(columns.lat[row]), float(columns.lon[row]))
        return verdicts

    async def quarantine(self, broken: Broken) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.broken.append(broken)

    async def keep(self, said: Sequence[Said]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.said += said


SENDERS: dict[Credential, Sender] = {
    Key("radio-key"): Sender("radio-7", 7),
    Key("radio-key", "radio-7"): Sender("radio-7", 7),
    Key("gateway-key"): Sender("gateway", None, {"radio-7": 7, "radio-8": 8}),
    Address("device", "radio-7"): Sender("radio-7", 7),
    Address("owntracks", "ada/phone"): Sender("phone-9", 9),
}


async def identify(credential: Credential) -> Sender | None:
    return SENDERS.get(credential)


def recognise(credential: Credential) -> Sender | None:
    return SENDERS.get(credential)
