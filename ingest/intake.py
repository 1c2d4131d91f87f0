"""The one door that every message comes through, whatever brought it."""

import asyncio
from asyncio import Future
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final, TypeVar

import msgspec

from ingest import reading, screen
from ingest.allowance import Allowance
from ingest.columns import Delivery
from ingest.decoders import SOURCES
from ingest.errors import DecodeError, Unstorable
from ingest.fix import Event, Fix
from ingest.message import Broken, Decoded, Message, Receipt, Rejection, Said
from ingest.sender import Sender

F = TypeVar("F", Fix, Event)

LARGE_BYTES: Final = 1 << 16
"""Of a message that takes longer to read than the event loop may be held up."""

UNKNOWN_DEVICE: Final = "unknown_device"
"""Why a fix is rejected that is about somebody its sender may not send for."""

Submit = Callable[[Delivery], Awaitable[list[int]]]
"""Stores a delivery and gives a Verdict per fix after the commit: `Batcher.submit`."""

Offer = Callable[[Delivery], Future[list[int]] | None]
"""The same without waiting; None where there is no room: `Batcher.offer`."""

Quarantine = Callable[[Broken], Awaitable[None]]
"""Keeps a broken message where a person can look at it; raises StorageUnavailable."""

Keep = Callable[[Sequence[Said]], Awaitable[None]]
"""Commits events, each (device, time, kind) once; raises StorageUnavailable."""


@dataclass(slots=True)
class Counts:
    """What came in since the process started. `rejected` is by reason.

    `events` counts those that were kept before as well. `spooled` messages went to the disk, where
    `waiting` are yet to be stored. `not_kept` counts the broken ones that were one too many.
    """

    messages: int = 0
    broken: int = 0
    accepted: int = 0
    duplicates: int = 0
    events: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    spooled: int = 0
    waiting: int = 0
    not_kept: int = 0


class Read(msgspec.Struct, frozen=True, gc=False):
    """What a message says that its sender may say, and the device of each fix and each event.

    `barred` are the locked devices that its other fixes and events are of.
    """

    decoded: Decoded
    devices: Sequence[int]
    speakers: Sequence[int]
    barred: Sequence[int] = ()


class Begun(msgspec.Struct, frozen=True):
    """A message that is being stored: what it says, and what will have become of its fixes."""

    message: Message
    decoded: Decoded
    verdicts: Future[list[int]]


def _nowhere(_delivery: Delivery) -> None:
    """Offer nothing."""


def _untold(_device: int) -> None:
    """Count nobody who is turned away."""


class Intake:
    """Decode, see whose fixes and events they are, store, and write the receipt."""

    def __init__(
        self,
        submit: Submit,
        quarantine: Quarantine,
        keep: Keep,
        *,
        offer: Offer = _nowhere,
        turned_away: Callable[[int], None] = _untold,
        max_ahead_us: int = screen.MAX_AHEAD_US,
        sparing: bool = False,
    ) -> None:
        """`turned_away` hears of each message in which a gateway speaks for a locked device.

        `sparing`: of a message that is good, but about strangers as well, no copy is set aside.
        """
        self._submit = submit
        self._offer = offer
        self._turned_away = turned_away
        self._quarantine = quarantine
        self._keep = keep
        self._max_ahead_us = max_ahead_us
        self._sparing = sparing
        self._allowance = Allowance()
        self.counts = Counts()

    async def accept(self, message: Message) -> Receipt:
        """Take in one message whose format is one of DECODERS; the receipt comes after the commit.

        One that is about somebody its sender may not send for is set aside as well, unless the
        sender is told, or a locked device speaks in it: nobody is to find where that is.

        Raises DecodeError or Unstorable for a message that has been set aside, and
        StorageUnavailable for one that has not been kept at all.
        """
        try:
            found = await read_apart(message)
            receipt = await self._kept(message, found)
        except (DecodeError, Unstorable) as error:
            await self.set_aside(_broken(message, str(error)))
            raise
        if not found.barred and (strange := _strange(message, receipt.rejected)):
            broken = _broken(message, _not_taken(strange))
            await self._put_aside(replace(broken, payload=b"") if self._sparing else broken)
        self._count(receipt)
        return receipt

    def begin(self, message: Message) -> Begun | None:
        """Begin to take in a message without waiting for anything.

        None, and nothing has been done, where that takes more than storing fixes, or there is no
        room for them: then `accept` sees to it. So it does where `verdicts` end in an error.
        """
        if len(message.payload) > LARGE_BYTES:
            return None
        try:
            found = read(message)
        except DecodeError:
            return None
        decoded = found.decoded
        if not decoded.fixes or decoded.events or any(fix.event for fix in decoded.fixes):
            return None
        if found.barred:
            return None
        if decoded.rejected and _strange(message, decoded.rejected):
            return None
        verdicts = self._offer(_delivery(message, found))
        return None if verdicts is None else Begun(message, decoded, verdicts)

    def finish(self, begun: Begun) -> Receipt:
        """Give the receipt of a message whose verdicts are there."""
        receipt = _receipt(begun.decoded, begun.verdicts.result(), begun.message.received_us)
        self._count(receipt)
        return receipt

    async def set_aside(self, broken: Broken) -> None:
        """Keep and count a message that cannot be used. Raises StorageUnavailable.

        One of too many is counted alone: whoever floods us is not to fill the disk.
        """
        await self._put_aside(broken)
        self.counts.messages += 1
        self.counts.broken += 1

    async def _put_aside(self, broken: Broken) -> None:
        if self._allowance.take(broken.origin, broken.received_us):
            try:
                await self._quarantine(broken)
            except BaseException:  # who waits for storage that hangs is cancelled
                self._allowance.give_back(broken.origin, broken.received_us)
                raise
        else:
            self.counts.not_kept += 1

    async def take(self, message: Message, decoded: Decoded) -> Receipt:
        """Take in what was read of a message elsewhere; the receipt comes after the commit.

        Its format is one of SOURCES. Raises Unstorable and StorageUnavailable, and sets nothing
        aside.
        """
        receipt = await self._kept(message, addressed(message, decoded))
        self._count(receipt)
        return receipt

    async def _kept(self, message: Message, found: Read) -> Receipt:
        decoded = found.decoded
        said = _said(message, found, self._max_ahead_us)
        if said:
            # First, and whatever becomes of the fixes: an emergency without a place is still one.
            await self._keep(said)
        receipt = Receipt(rejected=decoded.rejected)
        if decoded.fixes:
            verdicts = await self._submit(_delivery(message, found))
            receipt = _receipt(decoded, verdicts, message.received_us)
        self.counts.events += len(said)
        for device in set(found.barred):
            self._turned_away(device)
        return receipt

    def _count(self, receipt: Receipt) -> None:
        self.counts.messages += 1
        self.counts.accepted += receipt.accepted
        self.counts.duplicates += receipt.duplicates
        for rejection in receipt.rejected:
            self.counts.rejected[rejection.reason] += 1


def _broken(message: Message, reason: str) -> Broken:
    name = message.sender.name
    return Broken(message.payload, message.format, message.received_us, name, reason)


def _strange(message: Message, rejected: Sequence[Rejection]) -> list[Rejection]:
    """Give what its sender may not send and will not be told of: somebody is to find it."""
    return [] if message.told else [one for one in rejected if one.reason == UNKNOWN_DEVICE]


def _not_taken(rejected: Sequence[Rejection]) -> str:
    more = f" (and {len(rejected) - 1} more)" if len(rejected) > 1 else ""
    return f"not taken: {rejected[0].detail}{more}"


_CODES: Final = {name: code for code, name in enumerate(SOURCES)}


def _delivery(message: Message, found: Read) -> Delivery:
    fixes, source = found.decoded.fixes, _CODES[message.format]
    return Delivery(fixes, found.devices, message.received_us, source)


def read(message: Message) -> Read:
    """Decode a message whose format is one of DECODERS, and reject what its sender may not send.

    Raises DecodeError.
    """
    return addressed(message, reading.decode(message))


async def read_apart(message: Message) -> Read:
    """Do what `read` does, of a large message in a thread: it takes longer than others may wait."""
    if len(message.payload) > LARGE_BYTES:
        return await asyncio.to_thread(read, message)
    return read(message)


def addressed(message: Message, decoded: Decoded) -> Read:
    """Give what the sender of a message may send, and whose it is; reject the rest."""
    fixes, indexes, devices, strange = _allowed(message, decoded.fixes, decoded.indexes)
    events, places, speakers, unheard = _allowed(message, decoded.events, decoded.event_indexes)
    if not strange and not unheard:
        return Read(decoded, devices, speakers)
    rejected = sorted([*decoded.rejected, *strange, *unheard], key=attrgetter("index"))
    barred = [*_barred(message.sender, decoded.fixes), *_barred(message.sender, decoded.events)]
    return Read(Decoded(fixes, indexes, rejected, events, places), devices, speakers, barred)


def _barred(sender: Sender, sent: Sequence[Fix | Event]) -> list[int]:
    devices = (sender.barred_of(one.device) for one in sent) if sender.barred else ()
    return [device for device in devices if device is not None]


def _allowed(
    message: Message, sent: Sequence[F], indexes: Sequence[int]
) -> tuple[Sequence[F], Sequence[int], list[int], list[Rejection]]:
    """Give what is of devices that the sender speaks for, its indexes, these devices; the rest."""
    if not sent:
        return sent, indexes, [], []
    sender = message.sender
    numbers = [sender.device_of(one.device) for one in sent]
    devices = [number for number in numbers if number is not None]
    if len(devices) == len(numbers):
        return sent, indexes, devices, []
    allowed, places, refused = [], [], []
    for one, index, number in zip(sent, indexes, numbers, strict=True):
        if number is not None:
            allowed.append(one)
            places.append(index)
        else:
            refused.append(Rejection(index, UNKNOWN_DEVICE, sender.refusal(one.device)))
    return allowed, places, devices, refused


def _said(message: Message, read: Read, max_ahead_us: int) -> list[Said]:
    """Give the events of a message, with a position or without one, as they are kept.

    One whose time cannot be true happened, as far as we know, when it came.
    """
    received_us, source = message.received_us, message.format

    def said(device: int, time_us: int, kind: str, detail: str | None = None) -> Said:
        if not screen.YEAR_2000_US <= time_us <= received_us + max_ahead_us:
            time_us = received_us
        return Said(device, time_us, received_us, kind, detail, source)

    placed = zip(read.decoded.fixes, read.devices, strict=True)
    found = [said(device, fix.time_us, fix.event) for fix, device in placed if fix.event]
    for event, device in zip(read.decoded.events, read.speakers, strict=True):
        found.append(said(device, event.time_us, event.kind, event.detail))
    return found


def _receipt(decoded: Decoded, verdicts: Sequence[int], received_us: int) -> Receipt:
    accepted = verdicts.count(screen.Verdict.STORED)
    duplicates = verdicts.count(screen.Verdict.DUPLICATE)
    if accepted + duplicates == len(verdicts) and not decoded.rejected:
        return Receipt(accepted, duplicates)
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
    rejected.sort(key=attrgetter("index"))
    return Receipt(accepted, duplicates, rejected)
