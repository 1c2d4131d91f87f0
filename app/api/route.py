"""A route that knows who asks before it reads a body, and reads no more of one than it should."""

import asyncio
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from app.access.rules import RULES, Rule
from app.access.secrets import digest
from app.access.viewer import Viewer
from app.api.audited import address_of, logged, reason
from app.api.browser import note_asked, secret_of, session_viewer
from app.api.depth import ShallowRequest
from app.api.errors import Stranger
from app.api.note import Note
from app.api.patience import patiently
from app.api.state import body_timeout_of, database_of, now_of
from app.storage import tokens
from ingest.uploadbody import LEAST_BYTES_PER_S

PREFIX = "/api/v1"
# Room for the hot spots of the largest force.
LARGEST_BODY = 16 * 1024 * 1024


class GuardedRoute(APIRoute):
    """Answers nobody unknown, nor without the rights of its rule, whatever they send.

    A dependency would come too late: FastAPI reads and parses the body before it asks any.
    """

    @property
    def rule(self) -> Rule:
        """What the route asks for. Raises KeyError where `access.rules` does not name it."""
        return RULES[self.what]

    @property
    def what(self) -> str:
        """What rules and the log call the route: "GET /visits"."""
        method = " ".join(self.methods or ())
        return f"{method} {self.path_format.removeprefix(PREFIX)}"

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, behind the question who asks; and the log is told of it."""
        answer = super().get_route_handler()
        rule, what = self.rule, self.what
        parameters = frozenset(field.alias for field in get_flat_params(self.dependant))

        async def guarded(request: Request) -> Response:
            return await patiently(request, logged(request, what, known(request)))

        async def known(request: Request) -> Response:
            viewer = request.state.viewer = await viewer_of(request)
            await note_asked(request)
            note = request.state.note = Note(viewer, rule, what, address_of(request))
            note.ask(request.path_params.items())
            given = request.query_params.multi_items()
            note.ask((name, value) for name, value in given if name in parameters)
            for right in rule.rights:
                viewer.require(right)
            return await answer(ShallowRequest(request.scope, _limited(request)))

        return guarded


def guarded_router(tag: str) -> APIRouter:
    """A router whose routes all ask who is there."""
    return APIRouter(tags=[tag], route_class=GuardedRoute, dependencies=[Depends(reason)])


async def viewer_of(request: Request) -> Viewer:
    """Whoever holds the request's token, or else has its session.

    Raises Stranger; Forbidden where a session is used by a page that may not.
    """
    session = None if "authorization" in request.headers else secret_of(request)
    if session is not None:
        return await session_viewer(request, session)
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
    """The request's body, as long as it stays under the limit and comes in time."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    patience_s, begin_s = body_timeout_of(request), asyncio.get_running_loop().time()
    received, whole = 0, False

    async def receive() -> Message:
        nonlocal received, whole
        # Who has sent it all may keep the connection, on which nothing more comes.
        end_s = None if whole else begin_s + patience_s + received / LEAST_BYTES_PER_S
        try:
            async with asyncio.timeout_at(end_s):
                message = await request.receive()
        except TimeoutError as exc:
            raise _too_slow(patience_s) from exc
        received += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if received > LARGEST_BODY:
            raise _too_large()
        return message

    return receive


# FastAPI lets only this kind of exception through while it reads a body.


def _too_slow(patience_s: float) -> HTTPException:
    detail = (
        f"the body came more slowly than {LEAST_BYTES_PER_S >> 10} KiB/s after {patience_s:g} s"
    )
    return HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail)


def _too_large() -> HTTPException:
    detail = f"the body is larger than {LARGEST_BODY} bytes; send it in parts"
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
