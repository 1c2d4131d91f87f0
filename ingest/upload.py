"""`POST /ingest/files`: track files as handhelds and loggers give them, whatever their kind."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

import msgspec
from fastapi import APIRouter, Request, Response

from ingest.credentials import credential
from ingest.doors import JSON
from ingest.errors import (
    UNKNOWN_KEY,
    DecodeError,
    StorageUnavailable,
    TryAgain,
    Unauthorised,
)
from ingest.intake import Intake
from ingest.message import Broken
from ingest.sender import Identify, Sender
from ingest.spooling import SpoolingIntake
from ingest.trackintake import FileReceipt, TrackIntake
from ingest.tracksource import TrackFileError
from ingest.turnstile import Turnstile
from ingest.uploadbody import Limits, Uploaded, uploaded
from ingest.uploaddocs import DESCRIPTION, KEY_ELSEWHERE, KEY_IN_PATH, RESPONSES, SUMMARY

FORMAT: Final = "files"
MOST_AT_ONCE: Final = 16  # uploads on the disk
MOST_OF_ONE: Final = 4  # of them, by one sender
READ_AT_ONCE: Final = 2  # of them; the others wait
KEPT_BYTES: Final = 1 << 10  # of a file that cannot be read, for a person to look at


Account = Callable[[Sender, Sequence[FileReceipt]], None]
"""Hears what one sender's files were, once they are stored."""


@dataclass(slots=True)
class Uploads:
    """What the route needs; the application keeps it as `app.state.uploads`.

    `now_us` reads the server's clock (microseconds UTC).
    """

    intake: Intake | SpoolingIntake
    identify: Identify
    now_us: Callable[[], int]
    limits: Limits
    max_unpacked_bytes: int
    turnstile: Turnstile | None = None
    account: Account | None = None
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READ_AT_ONCE))
    under_way: list[str] = field(default_factory=list)

    @contextmanager
    def place(self, sender: Sender) -> Iterator[None]:
        """Hold a place among the uploads. Raises TryAgain where none is free for this sender."""
        if len(self.under_way) >= MOST_AT_ONCE:
            message = f"{MOST_AT_ONCE} uploads are under way, as many as there may be"
            raise TryAgain(message)
        if self.under_way.count(sender.name) >= MOST_OF_ONE:
            message = f"{MOST_OF_ONE} uploads with this key are under way, as many as there may be"
            raise TryAgain(message)
        self.under_way.append(sender.name)
        try:
            yield
        finally:
            self.under_way.remove(sender.name)


class Receipt(msgspec.Struct):
    """What became of all files of an upload, and of each, which names what was not taken."""

    accepted: int
    duplicates: int
    rejected_count: int
    files: Sequence[FileReceipt]


router = APIRouter(prefix="/ingest/files", tags=["ingest"])


@router.post(
    "",
    operation_id="ingest_files_post",
    summary=SUMMARY,
    description=DESCRIPTION,
    responses=RESPONSES,
    openapi_extra=KEY_ELSEWHERE,
    response_class=Response,
)
@router.post(
    "/{key:path}",
    operation_id="ingest_files_post_key_in_path",
    summary=f"{SUMMARY} (key in the path)",
    description=DESCRIPTION,
    responses=RESPONSES,
    openapi_extra=KEY_IN_PATH,
    response_class=Response,
)
async def upload(request: Request) -> Response:
    """Take in the files of a request; the answer comes when all of them are committed."""
    uploads = cast("Uploads", request.app.state.uploads)
    sender = await _sender(uploads, request)
    with uploads.place(sender):
        async with uploaded(request, uploads.limits) as files, uploads.reading:
            receipt = await _taken(uploads, sender, files)
    if uploads.account is not None:
        uploads.account(sender, receipt.files)
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(receipt), media_type=JSON, headers=headers)


async def _sender(uploads: Uploads, request: Request) -> Sender:
    """Tell who uploads, before a byte of the body is read. Raises Unauthorised and TooOften."""
    in_path = str(request.path_params.get("key", ""))
    shown = credential(request.scope["headers"], request.scope["query_string"], in_path)
    sender = await uploads.identify(shown)
    if sender is None:
        raise Unauthorised(UNKNOWN_KEY)
    if uploads.turnstile is not None:
        uploads.turnstile.admit(sender)
    named = request.query_params.get("device")
    return sender.about(named) if named else sender


async def _taken(uploads: Uploads, sender: Sender, files: Sequence[Uploaded]) -> Receipt:
    """Take in files one after the other.

    Raises DecodeError where none of them can be read, TryAgain where storage goes away.
    """
    now_us = uploads.now_us()
    tracks = TrackIntake(uploads.intake, sender, now_us)
    receipts: list[FileReceipt] = []
    for one in files:
        receipt = FileReceipt(one.path.name)
        receipts.append(receipt)
        try:
            await tracks.take(one.file, receipt, most_bytes=uploads.max_unpacked_bytes)
        except TrackFileError as error:
            receipt.error = str(error)
            await _set_aside(uploads, sender, one, receipt)
        except StorageUnavailable as error:
            stored = sum(each.accepted for each in receipts)
            message = f"storage is away, with {stored} fixes stored; send the same again"
            raise TryAgain(message) from error
    if not any(receipt.found for receipt in receipts):
        raise DecodeError("; ".join(filter(None, (receipt.error for receipt in receipts))))
    return _summed(receipts)


async def _set_aside(uploads: Uploads, sender: Sender, one: Uploaded, receipt: FileReceipt) -> None:
    """Keep why a file cannot be read, and its begin: as a whole it is too large to be kept."""
    await asyncio.to_thread(one.file.seek, 0)
    begin = await asyncio.to_thread(one.file.read, KEPT_BYTES)
    broken = Broken(begin, FORMAT, uploads.now_us(), sender.name, receipt.error or "")
    await uploads.intake.set_aside(broken)


def _summed(files: Sequence[FileReceipt]) -> Receipt:
    return Receipt(
        accepted=sum(file.accepted for file in files),
        duplicates=sum(file.duplicates for file in files),
        rejected_count=sum(file.rejected_count for file in files),
        files=files,
    )
