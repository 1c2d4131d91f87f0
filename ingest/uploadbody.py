"""The files in the body of an upload, on the disk: one as the body itself, or several as a form."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from ingest.errors import (
    BodyCutShort,
    BodyTooLarge,
    BodyTooSlow,
    DecodeError,
    EncodingRefused,
    TryAgain,
)

FORM: Final = "multipart/form-data"
MOST_FILES: Final = 50
MOST_FIELDS: Final = 20
IN_MEMORY_BYTES: Final = 1 << 16  # of a file; the rest is on the disk
LEAST_BYTES_PER_S: Final = 8 << 10  # a poor mobile connection
LONGEST_S: Final = 1800.0  # an upload on the slowest of them may not hold a place for hours
LONGEST_NAME: Final = 100
UNNAMED: Final = "the file"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file; `path` is what its sender calls it, without folders."""

    path: Path
    file: BinaryIO


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a body may be, and how long it may take to begin with; then it must keep coming."""

    max_bytes: int
    timeout_s: float


@asynccontextmanager
async def uploaded(request: Request, limits: Limits) -> AsyncIterator[list[Uploaded]]:
    """Receive the files of a request, which are gone when the context ends.

    Raises BodyRefused, DecodeError where there is no file in a form, TryAgain where the disk is
    full.
    """
    _check(request, limits)
    body = _limited(request, limits)
    if request.headers.get("content-type", "").lower().startswith(FORM):
        form = await _form(request, body)
        try:
            yield _files(form)
        finally:
            await form.close()
    else:
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            try:
                async for chunk in body:
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(file.seek, 0)
            except OSError as error:
                raise _no_room(error) from error
            yield [Uploaded(Path(UNNAMED), cast("BinaryIO", file))]


async def _form(request: Request, body: AsyncGenerator[bytes, None]) -> FormData:
    parser = MultiPartParser(
        request.headers,
        body,
        max_files=MOST_FILES,
        max_fields=MOST_FIELDS,
        max_part_size=IN_MEMORY_BYTES,
    )
    parser.spool_max_size = IN_MEMORY_BYTES
    try:
        return await parser.parse()
    except OSError as error:
        raise _no_room(error) from error
    except (MultiPartException, KeyError, ValueError) as error:  # the latter two: no boundary
        said = error.message if isinstance(error, MultiPartException) else "it names no boundary"
        message = f"the form cannot be read: {said}"
        raise DecodeError(message) from error


def _files(form: FormData) -> list[Uploaded]:
    fields = (value for _, value in form.multi_items())
    files = [
        Uploaded(_path(one.filename), one.file) for one in fields if isinstance(one, UploadFile)
    ]
    if not files:
        message = "the form has no file in it, as `curl -F file=@track.gpx` would send"
        raise DecodeError(message)
    return files


def _no_room(error: OSError) -> TryAgain:
    return TryAgain(f"there is no room for the upload: {error.strerror or error}")


def _path(name: str | None) -> Path:
    """Give the last part of a name, which stands in messages and opens nothing."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    last = "".join(letter for letter in last if letter.isprintable())[-LONGEST_NAME:]
    return Path(last if last.strip(". ") else UNNAMED)


def _check(request: Request, limits: Limits) -> None:
    """Refuse a body by what its headers say."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:  # a gzip file is unpacked by whatever name
        message = f"Content-Encoding {encoding[:40]!r} is not accepted; gzip is"
        raise EncodingRefused(message)
    declared = request.headers.get("content-length", "")[:18]
    if declared.isdecimal() and int(declared) > limits.max_bytes:
        raise _too_large(limits)


async def _limited(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes, no more of it than allowed, and no slower."""
    clock = asyncio.get_running_loop().time
    begin, count, chunks = clock(), 0, request.stream()
    while True:
        allowed_s = min(limits.timeout_s + count / LEAST_BYTES_PER_S, LONGEST_S)
        try:
            async with asyncio.timeout_at(begin + allowed_s):
                chunk = await anext(chunks, b"")
        except TimeoutError as error:
            raise _too_slow(limits, allowed_s) from error
        except ClientDisconnect as error:
            message = "the connection was closed before the body was complete"
            raise BodyCutShort(message) from error
        if not chunk:
            return
        count += len(chunk)
        if count > limits.max_bytes:
            raise _too_large(limits)
        yield chunk


def _too_large(limits: Limits) -> BodyTooLarge:
    return BodyTooLarge(f"the upload is larger than {limits.max_bytes} bytes; send it in parts")


def _too_slow(limits: Limits, allowed_s: float) -> BodyTooSlow:
    if allowed_s >= LONGEST_S:
        return BodyTooSlow(f"the body took longer than {LONGEST_S / 60:g} minutes")
    slow = f"{LEAST_BYTES_PER_S >> 10} KiB/s after {limits.timeout_s:g} s"
    return BodyTooSlow(f"the body came more slowly than {slow}")
