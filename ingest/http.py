"""The ingest routes: who posts is known before a byte of the body is read, within limits."""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, cast
from urllib.parse import unquote_plus

import msgspec
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import ClientDisconnect

from ingest import openapi
from ingest.doors import DOORS, JSON, Answer, Door
from ingest.errors import (
    BodyCutShort,
    BodyTooLarge,
    BodyTooSlow,
    DecodeError,
    EncodingRefused,
    Unauthorised,
    Unstorable,
)
from ingest.intake import Intake
from ingest.message import Broken, Message
from ingest.sender import Identify, Key, Sender

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestState:
    """What the routes need; the application keeps it as `app.state.ingest`.

    `now_us` reads the server's clock (microseconds UTC).
    """

    intake: Intake
    identify: Identify
    now_us: Callable[[], int]
    max_body_bytes: int = 1 << 20
    body_timeout_s: float = 30.0


def _state(request: Request) -> IngestState:
    return cast("IngestState", request.app.state.ingest)


def credential(request: Request) -> Key:
    """Find the key that a request shows. Raises Unauthorised where there is none.

    One in the path comes first: apps that are given it there may send credentials of their own.
    OwnTracks' X-Limit-U and X-Limit-D are not looked at: anybody can write anything there.
    """
    in_path = str(request.path_params.get("key", "")).strip("/")
    if in_path:
        return Key(in_path)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return Key(value.strip())
    if scheme.lower() == "basic":
        return _basic(value.strip())
    bare = request.headers.get("x-device-key") or request.query_params.get("key")
    if bare:
        return Key(bare)
    message = (
        "no device key: send it as `Authorization: Bearer KEY`, as the password of HTTP Basic,"
        " as `X-Device-Key: KEY`, as `?key=KEY` or at the end of the path"
    )
    raise Unauthorised(message)


def _basic(value: str) -> Key:
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        message = "the HTTP Basic credentials are not base64 of `user:password`"
        raise Unauthorised(message) from error
    return Key(secret, user)


async def _sender(request: Request) -> Sender:
    sender = await _state(request).identify(credential(request))
    if sender is None:
        message = "this device key is not known here"
        raise Unauthorised(message)
    return sender


class _DeviceKey(SecurityBase):
    """Knows the sender of a request; documented as one scheme, whichever way the key comes."""

    def __init__(self) -> None:
        self.scheme_name = "DeviceKey"
        self.model = HTTPBearer(
            description="A device's key; also as the password of HTTP Basic, as the header"
            " `X-Device-Key`, or as `?key=` for apps that know nothing else."
        )

    async def __call__(self, request: Request) -> Sender:
        return await _sender(request)


KnownSender = Annotated[Sender, Security(_DeviceKey())]
SenderInPath = Annotated[Sender, Depends(_sender)]

router = APIRouter(prefix="/ingest", tags=["ingest"])


def _open(door: Door) -> None:
    """Add the routes of one format: with the key where most send it, and in the path."""

    async def keyed(request: Request, sender: KnownSender) -> Response:
        return await _let_in(request, door, sender)

    async def with_key_in_path(request: Request, sender: SenderInPath) -> Response:
        return await _let_in(request, door, sender)

    for method in door.methods:
        for path, endpoint in (("", keyed), ("/{key:path}", with_key_in_path)):
            operation = openapi.operation(door, method, key_in_path=bool(path))
            router.add_api_route(
                f"/{door.format}{path}",
                endpoint,
                methods=[method],
                summary=operation.summary,
                description=operation.description,
                operation_id=operation.id,
                responses=operation.responses,
                openapi_extra=operation.extra,
                response_class=Response,
            )


for _door in DOORS:
    _open(_door)


async def _let_in(request: Request, door: Door, sender: Sender) -> Response:
    """Take in one request's message and answer as its protocol does, after the commit."""
    state = _state(request)
    try:
        receipt = await state.intake.accept(await _message(request, door, sender))
    except (DecodeError, Unstorable) as error:  # the intake has set it aside
        if door.answer is None or not door.tries_for_ever:
            raise
        _LOG.info("%s from %s: set aside: %s", door.format, sender.name, error)
        return _answer(door.answer)
    except BodyTooLarge as error:
        if door.answer is None or not door.tries_for_ever:
            raise
        broken = Broken(b"", door.format, state.now_us(), sender.name, str(error))
        await state.intake.set_aside(broken)
        return _answer(door.answer)
    if door.answer is None:
        return Response(msgspec.json.encode(receipt), media_type=JSON)
    if receipt.rejected:  # the answer cannot say so
        first, many = receipt.rejected[0].detail, len(receipt.rejected)
        _LOG.info("%s from %s: %d rejected, first: %s", door.format, sender.name, many, first)
    return _answer(door.answer)


def _answer(answer: Answer) -> Response:
    # One that a proxy gave again out of its memory would acknowledge what never came here.
    headers = {"Cache-Control": "no-store"}
    return Response(answer.body, media_type=answer.media_type, headers=headers)


async def _message(request: Request, door: Door, sender: Sender) -> Message:
    state = _state(request)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        message = f"Content-Encoding {encoding[:40]!r} is not accepted; send the body as it is"
        raise EncodingRefused(message)
    try:
        async with asyncio.timeout(state.body_timeout_s):
            payload = await _body(request, state.max_body_bytes)
    except TimeoutError as error:
        message = f"the body did not arrive within {state.body_timeout_s:g} s"
        raise BodyTooSlow(message) from error
    except ClientDisconnect as error:
        message = "the connection was closed before the body was complete"
        raise BodyCutShort(message) from error
    if door.takes_query:
        payload = payload or _query(request, state.max_body_bytes)
    elif named := request.query_params.get("device"):
        sender = sender.about(named)
    return Message(payload, door.format, state.now_us(), sender)


def _query(request: Request, max_bytes: int) -> bytes:
    """Give the parameters of the URL but for the key: what cannot be read is kept for people."""
    query = cast("bytes", request.scope["query_string"])
    if len(query) > max_bytes:
        message = f"the URL's parameters are longer than {max_bytes} bytes"
        raise BodyTooLarge(message)
    return b"&".join(part for part in query.split(b"&") if _name(part) != "key")


def _name(parameter: bytes) -> str:
    # As Starlette reads them, where the key was looked for.
    return unquote_plus(parameter.partition(b"=")[0].decode("latin-1"))


async def _body(request: Request, max_bytes: int) -> bytes:
    """Read the body as it comes, and no more of it than allowed."""
    too_large = BodyTooLarge(f"the body is larger than {max_bytes} bytes; send it in parts")
    declared = request.headers.get("content-length", "")[:18]
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)
