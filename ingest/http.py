"""The ingest routes: who posts is known before a byte of the body is read, within limits."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, cast

import msgspec
from fastapi import APIRouter, Request, Response, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import ClientDisconnect

from ingest import openapi
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

_JSON: Final = "application/json"


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

    OwnTracks' X-Limit-U and X-Limit-D are not looked at: anybody can write anything there.
    """
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
        " as `X-Device-Key: KEY` or as `?key=KEY`"
    )
    raise Unauthorised(message)


def _basic(value: str) -> Key:
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        message = "the HTTP Basic credentials are not base64 of `user:password`"
        raise Unauthorised(message) from error
    return Key(secret, user)


class _DeviceKey(SecurityBase):
    """Knows the sender of a request; documented as one scheme, whichever way the key comes."""

    def __init__(self) -> None:
        self.scheme_name = "DeviceKey"
        self.model = HTTPBearer(
            description="A device's key; also as the password of HTTP Basic, as the header"
            " `X-Device-Key`, or as `?key=` for apps that know nothing else."
        )

    async def __call__(self, request: Request) -> Sender:
        sender = await _state(request).identify(credential(request))
        if sender is None:
            message = "this device key is not known here"
            raise Unauthorised(message)
        return sender


KnownSender = Annotated[Sender, Security(_DeviceKey())]

router = APIRouter(prefix="/ingest", tags=["ingest"])


@router.post(
    "/pings",
    summary="Send fixes",
    responses=openapi.PINGS_RESPONSES,
    openapi_extra=openapi.PINGS_BODY,
    response_class=Response,
)
async def pings(request: Request, sender: KnownSender) -> Response:
    """Take one fix, a list, `{"fixes": [...]}` or NDJSON; answer after the commit.

    A bad fix is rejected with its position and costs no other.
    """
    receipt = await _state(request).intake.accept(await _message(request, sender, "pings"))
    return Response(msgspec.json.encode(receipt), media_type=_JSON)


@router.post(
    "/owntracks",
    summary="For the OwnTracks apps in HTTP mode",
    responses=openapi.OWNTRACKS_RESPONSES,
    openapi_extra=openapi.OWNTRACKS_BODY,
    response_class=Response,
)
async def owntracks(request: Request, sender: KnownSender) -> Response:
    """Take one OwnTracks message; the answer is an empty list, as the apps expect.

    They try a refused message again for weeks and send nothing else meanwhile, so one that will
    never do is set aside and acknowledged.
    """
    state = _state(request)
    try:
        await state.intake.accept(await _message(request, sender, "owntracks"))
    except (DecodeError, Unstorable):
        pass  # the intake has set it aside
    except BodyTooLarge as error:
        broken = Broken(b"", "owntracks", state.now_us(), sender.name, str(error))
        await state.intake.set_aside(broken)
    return Response(b"[]", media_type=_JSON)


async def _message(request: Request, sender: Sender, format_: str) -> Message:
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
    return Message(payload, format_, state.now_us(), sender)


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
