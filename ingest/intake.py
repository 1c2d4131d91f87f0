"""The one door that every message comes through, whatever brought it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ingest import screen
from ingest.columns import Delivery
from ingest.decoders import DECODERS, SOURCES
from ingest.errors import DecodeError, Unstorable
from ingest.message import Broken, Decoded, Message, Receipt, Rejection

Submit = Callable[[Delivery], Awaitable[list[int]]]
"""Stores a delivery and gives a Verdict per fix after the commit: `Batcher.submit`."""

Quarantine = Callable[[Broken], Awaitable[None]]
"""Keeps a broken message where a person can look at it; raises StorageUnavailable."""


@dataclass(slots=True)
class Counts:
    """What came in since the process started. `rejected` is by reason."""

    messages: int = 0
    broken: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


class Intake:
    """Decode, see whose fixes they are, store, and write the receipt."""

    def __init__(self, submit: Submit, quarantine: Quarantine) -> None:
        self._submit = submit
        self._quarantine = quarantine
        self.counts = Counts()

    async def accept(self, message: Message) -> Receipt:
        """Take in one message whose format is one of DECODERS; the receipt comes after the commit.

        Raises DecodeError or Unstorable for a message that has been set aside, and
        StorageUnavailable for one that has not been kept at all.
        """
        try:
            receipt = await self._stored(message)
        except (DecodeError, Unstorable) as error:
            await self.set_aside(
                Broken(
                    payload=message.payload,
                    format=message.format,
                    received_us=message.received_us,
                    origin=message.sender.name,
                    reason=str(error),
                )
            )
            raise
        self._count(receipt)
        return receipt

    async def set_aside(self, broken: Broken) -> None:
        """Keep and count a message that cannot be used. Raises StorageUnavailable."""
        await self._quarantine(broken)
        self.counts.messages += 1
        self.counts.broken += 1

    async def _stored(self, message: Message) -> Receipt:
        decoded = DECODERS[message.format](message.payload, message.received_us)
        decoded, devices = _addressed(message, decoded)
        if not decoded.fixes:
            return Receipt(rejected=decoded.rejected)
        source = SOURCES.index(message.format)
        delivery = Delivery(decoded.fixes, devices, message.received_us, source)
        return _receipt(decoded, await self._submit(delivery), message.received_us)

    def _count(self, receipt: Receipt) -> None:
        self.counts.messages += 1
        self.counts.accepted += receipt.accepted
        self.counts.duplicates += receipt.duplicates
        self.counts.rejected.update(rejection.reason for rejection in receipt.rejected)


def _addressed(message: Message, decoded: Decoded) -> tuple[Decoded, list[int]]:
    """Give the fixes that the sender may send, with the device of each; reject the others."""
    sender = message.sender
    numbers = [sender.device_of(fix.device) for fix in decoded.fixes]
    devices = [number for number in numbers if number is not None]
    if len(devices) == len(numbers):
        return decoded, devices
    fixes, indexes, rejected = [], [], list(decoded.rejected)
    for fix, index, number in zip(decoded.fixes, decoded.indexes, numbers, strict=True):
        if number is not None:
            fixes.append(fix)
            indexes.append(index)
        else:
            refusal = sender.refusal(fix.device)
            rejected.append(Rejection(index, "unknown_device", refusal))
    return Decoded(fixes, indexes, rejected), devices


def _receipt(decoded: Decoded, verdicts: Sequence[int], received_us: int) -> Receipt:
    accepted = verdicts.count(screen.Verdict.STORED)
    duplicates = verdicts.count(screen.Verdict.DUPLICATE)
    rejected = list(decoded.rejected)
    if accepted + duplicates < len(verdicts):
        for fix, index, code in zip(decoded.fixes, decoded.indexes, verdicts, strict=True):
            if code > screen.Verdict.DUPLICATE:
                verdict = screen.Verdict(code)
                detail = screen.explain(
                    verdict,
                    time_us=fix.time_us,
                    received_us=received_us,
                    lat=fix.lat,
                    lon=fix.lon,
                )
                rejected.append(Rejection(index, verdict.reason, detail))
    rejected.sort(key=lambda rejection: rejection.index)
    return Receipt(accepted, duplicates, rejected)
