"""The doors of the wire formats: who posts is known before a byte of the body is read."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Part

from ingest.credentials import Headers, credential, without_key
from ingest.doors import DOORS, JSON, Answer, Door
from ingest.errors import (
    UNKNOWN_KEY,
    BodyCutShort,
    BodyTooLarge,
    BodyTooSlow,
    DecodeError,
    EncodingRefused,
    IngestError,
    StorageUnavailable,
    Unauthorised,
    Unstorable,
)
from ingest.intake import Intake
from ingest.message import Message, Receipt
from ingest.sender import Identify, Recognise, Sender, ask_always
from ingest.spooling import SpoolingIntake
from ingest.turnstile import Turnstile

_LOG: Final = logging.getLogger(__name__)
_PREFIX: Final = "/ingest/"
_DOORS: Final = {door.format: door for door in DOORS}


@dataclass(frozen=True, slots=True)
class IngestState:
    """What the doors need; the application keeps it as `app.state.ingest`.

    `now_us` reads the server's clock (microseconds UTC). Without a `turnstile` each may post as
    often as it likes.
    """

    intake: Intake | SpoolingIntake
    identify: Identify
    now_us: Callable[[], int]
    recognise: Recognise = ask_always
    turnstile: Turnstile | None = None
    max_body_bytes: int = 4 << 20
    body_timeout_s: float = 30.0


class Doors:
    """Takes in what comes to `/ingest/{format}[/{key}]`, and leaves all else to `otherwise`.

    It is plain ASGI, in front of the application: for a phone that posts fix by fix, a framework's
    routing and request objects would cost several times what storing the fix does. `ingest.openapi`
    documents it; errors are answered by the application's own handlers.
    """

    def __init__(self, app: Starlette, otherwise: ASGIApp) -> None:
        self._app = app
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"] if scope["type"] == "http" else ""
        if path.startswith(_PREFIX):
            format_, _, key = path[len(_PREFIX) :].partition("/")
            if door := _DOORS.get(format_):
                await self._answer(door, key, scope, receive, send)
                return
        await self._otherwise(scope, receive, send)

    async def _answer(
        self, door: Door, key: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            _check_method(door, scope["method"])
            call = _Call(self._app.state.ingest, scope["headers"], scope["query_string"], receive)
            start, body = await _let_in(door, key, call)
        except Exception as error:  # noqa: BLE001 (the application's handlers know them all)
            response = await self._refusal(door, Request(scope), error)
            await response(scope, receive, send)
        else:
            await send(start)
            await send(body)

    async def _refusal(self, door: Door, request: Request, error: Exception) -> Response:
        if not isinstance(error, IngestError | HTTPException):
            _LOG.error("a post to %s failed", door.format, exc_info=error)
        handlers = self._app.exception_handlers
        kinds = (kind for kind in type(error).__mro__ if kind in handlers)
        if (kind := next(kinds, None)) is None:
            raise error
        handler = handlers[kind]
        response: Response = await handler(request, error)
        return response


def _check_method(door: Door, method: str) -> None:
    if method not in door.methods:
        raise HTTPException(405, headers={"Allow": ", ".join(door.methods)})


class _Call(msgspec.Struct, frozen=True, gc=False):
    """One request."""

    state: IngestState
    headers: Headers
    query: bytes
    receive: Receive


_Reply = tuple[Part, Part]


def _reply(status: int, body: bytes, media_type: str | None) -> _Reply:
    headers = [(b"content-length", str(len(body)).encode())]
    if media_type is not None:
        headers.append((b"content-type", media_type.encode()))
    # One that a proxy gave again out of its memory would acknowledge what never came here.
    headers.append((b"cache-control", b"no-store"))
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


def _fixed(answer: Answer) -> _Reply:
    return _reply(200, answer.body, answer.media_type)


_FIXED: Final = {door.format: _fixed(door.answer) for door in DOORS if door.answer is not None}


async def _let_in(door: Door, key: str, call: _Call) -> _Reply:
    """Take in one request's message and answer as its protocol does, after the commit."""
    state = call.state
    shown = credential(call.headers, call.query, key)
    sender = state.recognise(shown) or await state.identify(shown)
    if sender is None:
        raise Unauthorised(UNKNOWN_KEY)
    if state.turnstile is not None:
        state.turnstile.admit(sender)
    try:
        receipt = await _stored(state.intake, await _message(door, sender, call))
    except (DecodeError, Unstorable):  # the intake has set it aside
        if not door.tries_for_ever:
            raise
        # Not why: that may quote a position, which belongs in no log. The quarantine has it.
        _LOG.info("%s from %s: set aside", door.format, sender.name)
        return _FIXED[door.format]
    except BodyTooLarge as error:
        # Its sender keeps it: what it holds may well be good, and nobody has read it here.
        _LOG.warning("%s from %s: refused: %s", door.format, sender.name, error)
        raise
    return _receipt(door, sender, receipt)


async def _stored(intake: Intake | SpoolingIntake, message: Message) -> Receipt:
    begun = intake.begin(message)
    if begun is not None:
        with suppress(StorageUnavailable, Unstorable):  # it has a second look at the message then
            await begun.verdicts
            return intake.finish(begun)
    return await intake.accept(message)


def _receipt(door: Door, sender: Sender, receipt: Receipt) -> _Reply:
    if door.answer is None:
        return _reply(202 if receipt.spooled else 200, msgspec.json.encode(receipt), JSON)
    if receipt.rejected:  # the answer cannot say so
        reason, many = receipt.rejected[0].reason, len(receipt.rejected)
        _LOG.info("%s from %s: %d rejected, first: %s", door.format, sender.name, many, reason)
    return _FIXED[door.format]


async def _message(door: Door, sender: Sender, call: _Call) -> Message:
    state, query = call.state, call.query
    payload = await _body(call)
    if query and door.takes_query:
        payload = payload or _parameters(query, state.max_body_bytes)
    elif query and (named := parse_qs(query.decode("latin-1")).get("device")):
        sender = sender.about(named[-1])
    return Message(payload, door.format, state.now_us(), sender, told=door.answer is None)


def _parameters(query: bytes, max_bytes: int) -> bytes:
    if len(query) > max_bytes:
        message = f"the URL's parameters are longer than {max_bytes} bytes"
        raise BodyTooLarge(message)
    return without_key(query)


async def _body(call: _Call) -> bytes:
    """Read the body as it comes, no more of it than allowed and no longer than that may take."""
    _check(call.headers, call.state.max_body_bytes)
    try:
        async with asyncio.timeout(call.state.body_timeout_s):
            return await _parts(call)
    except TimeoutError as error:
        message = f"the body did not arrive within {call.state.body_timeout_s:g} s"
        raise BodyTooSlow(message) from error


async def _parts(call: _Call) -> bytes:
    body, more = bytearray(), True
    while more:
        part = await call.receive()
        if part["type"] == "http.disconnect":
            message = "the connection was closed before the body was complete"
            raise BodyCutShort(message)
        body += part.get("body", b"")
        if len(body) > call.state.max_body_bytes:
            raise _too_large(call.state.max_body_bytes)
        more = part.get("more_body", False)
    return bytes(body)


def _check(headers: Headers, max_bytes: int) -> None:
    """Refuse a body by what the headers say of it."""
    for name, value in headers:
        if name == b"content-length":
            declared = value[:18]
            if declared.isdigit() and int(declared) > max_bytes:
                raise _too_large(max_bytes)
        elif name == b"content-encoding":
            encoding = value.decode("latin-1").strip().lower()
            if encoding not in {"", "identity"}:
                message = (
                    f"Content-Encoding {encoding[:40]!r} is not accepted; send the body as it is"
                )
                raise EncodingRefused(message)


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {max_bytes} bytes; send it in parts")
