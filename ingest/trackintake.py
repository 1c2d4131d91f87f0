"""A track file into the intake, block by block, and the receipt for it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import repeat
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from ingest.fix import Fix
from ingest.intake import Counts
from ingest.message import Decoded, Message, Receipt
from ingest.sender import Sender
from ingest.trackkinds import CSV
from ingest.tracklines import SHOWN, BadLines, Block, clipped
from ingest.trackread import KINDS, none_usable, read_blocks
from ingest.tracksource import Source, TrackFileError

# A block is one transaction: large enough to be quick, and soon over for who waits behind it.
BLOCK_BYTES: Final = 1 << 18  # of a CSV: some 5,000 lines
BLOCK_POINTS: Final = 4_000
MALFORMED: Final = "malformed"


class Refusal(msgspec.Struct, frozen=True):
    """Why a line or point, at this place of its file, was not taken."""

    place: str
    reason: str
    detail: str


class FileReceipt(msgspec.Struct):
    """What became of one file's fixes, all of it committed; grows while the file is read.

    Of `found` fixes some may be among the rejected, of which `rejected` are the first, as
    `unknown_devices` are of the names that the sender may not send for, and `columns_not_read` of
    those of a CSV. `kind` is None where nothing says it. `error` is why nothing, or nothing after
    what is counted here, could be read of it.
    """

    file: str
    kind: str | None = None
    found: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected_count: int = 0
    rejected: list[Refusal] = []
    unknown_devices: list[str] = []
    columns_not_read: list[str] = []
    error: str | None = None

    def refuse(self, refused: list[Refusal], count: int) -> None:
        """Count lines or points that were not taken, of which `refused` are the first."""
        self.rejected_count += count
        self.rejected = [*self.rejected, *refused[: SHOWN - len(self.rejected)]]


class Storing(Protocol):
    """What it takes of an Intake, or of one that waits for storage no longer than it should."""

    @property
    def counts(self) -> Counts:
        """Give what came in so far."""

    def take(self, message: Message, decoded: Decoded) -> Awaitable[Receipt]:
        """Take in what was read of a message elsewhere."""


class TrackIntake:
    """Takes in the files of one sender; their fixes were received at `received_us`."""

    def __init__(self, intake: Storing, sender: Sender, received_us: int) -> None:
        self._intake = intake
        self._sender = sender
        self._received_us = received_us

    async def take(
        self,
        file: BinaryIO,
        receipt: FileReceipt,
        *,
        most_bytes: int | None = None,
        show: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take in a file that is open; its fixes are of the sender, or of whom its lines name.

        The `receipt` names it, and says what became of it so far whatever happens; `most_bytes` is
        what it may unpack to; `show` is told how many bytes of it are done. Files are read in a
        thread. What was taken when one breaks off stays, and counts as duplicates when it comes
        again. Raises TrackFileError where nothing in it can be read, StorageUnavailable and
        Unstorable as the intake does.
        """
        source = await asyncio.to_thread(Source, Path(receipt.file), file, most_bytes)
        # Whatever nothing is known of is read as CSV; one it is once its first line has been read.
        receipt.kind, bad = None if source.kind == CSV else source.kind, BadLines()
        blocks = read_blocks(
            source, self._device(), block_bytes=BLOCK_BYTES, block_points=BLOCK_POINTS
        )
        try:
            while block := await asyncio.to_thread(next, blocks, None):
                receipt.kind, receipt.columns_not_read = source.kind, source.passed_over
                bad.add(block.bad, block.bad_count)
                await self._store(block, source.kind, receipt)
                show(block.bytes_read)
            if not receipt.found:
                raise none_usable(source, bad)
        except TrackFileError as exc:
            if not receipt.found:
                raise
            receipt.error = f"{exc} (what comes before is used)"

    def _device(self) -> str | None:
        """Give whose the fixes are that name nobody; None where nobody can say."""
        sender = self._sender
        return sender.unnamed or (None if sender.device is None else sender.name)

    async def _store(self, block: Block, kind: str, receipt: FileReceipt) -> None:
        if block.bad_count:
            malformed = [Refusal(line.place, MALFORMED, line.reason) for line in block.bad]
            receipt.refuse(malformed, block.bad_count)
            self._intake.counts.rejected[MALFORMED] += block.bad_count
        if not len(block.rows):
            return
        receipt.found += len(block.rows)
        decoded = await asyncio.to_thread(_decoded, block)
        message = Message(b"", kind, self._received_us, self._sender)
        stored = await self._intake.take(message, decoded)
        receipt.accepted += stored.accepted
        receipt.duplicates += stored.duplicates
        one = KINDS[kind].one
        refused = [Refusal(f"{one} {r.index}", r.reason, r.detail) for r in stored.rejected[:SHOWN]]
        receipt.refuse(refused, len(stored.rejected))
        self._name_strangers(block, receipt)

    def _name_strangers(self, block: Block, receipt: FileReceipt) -> None:
        known, told = self._sender.device_of, receipt.unknown_devices
        for name in block.rows["device"].unique(maintain_order=True).drop_nulls():
            if known(name) is None and name not in told and len(told) < SHOWN:
                told.append(clipped(name))


def _decoded(block: Block) -> Decoded:
    rows = block.rows.fill_nan(None)
    fixes = map(
        Fix,
        rows["time_us"],
        rows["lat"],
        rows["lon"],
        rows["accuracy_m"],
        rows["speed_mps"],
        rows["heading_deg"],
        rows["altitude_m"],
        repeat(None),  # battery
        rows["device"],
    )
    return Decoded(list(fixes), rows["number"].to_list())
