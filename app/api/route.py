"""A route that knows who asks before it reads a body, and reads no more of one than it should."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from app.access.secrets import digest
from app.access.viewer import Viewer
from app.api.errors import Stranger
from app.api.state import database_of, now_of
from app.storage import tokens

# Room for the hot spots of the largest force.
LARGEST_BODY = 16 * 1024 * 1024


class GuardedRoute(APIRoute):
    """Answers nobody without a token, whatever they send.

    A dependency would come too late: FastAPI reads and parses the body before it asks any.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, behind the question who asks."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.viewer = await viewer_of(request)
            return await answer(Request(request.scope, _limited(request)))

        return guarded


def guarded_router(tag: str) -> APIRouter:
    """A router whose routes all ask who is there."""
    return APIRouter(tags=[tag], route_class=GuardedRoute)


async def viewer_of(request: Request) -> Viewer:
    """Whoever holds the request's token. Raises Stranger."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        msg = "send a token as `Authorization: Bearer TOKEN`"
        raise Stranger(msg)
    async with database_of(request).read() as reader:
        viewer = await tokens.viewer_of(reader, digest(secret.strip()), now_of(request))
    if viewer is None:
        msg = "this token is not known, has expired or was revoked"
        raise Stranger(msg)
    return viewer


def _limited(request: Request) -> Receive:
    """The request's body, as long as it stays under the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise _too_large()
        return message

    return receive


def _too_large() -> HTTPException:
    # FastAPI lets only this kind of exception through while it reads a body.
    detail = f"the body is larger than {LARGEST_BODY} bytes; send it in parts"
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
