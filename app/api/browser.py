"""Sessions of browsers: the cookie by which one is known, and that a request is its page's own."""

from contextlib import suppress
from typing import Final, cast

from fastapi import Request, Response

from app.access.secrets import digest
from app.access.sessions import SEEN_EVERY, SESSION_COOKIE, is_csrf_token
from app.access.viewer import Forbidden, Viewer
from app.api.errors import Stranger
from app.api.state import database_of, now_of, sign_in_of
from app.storage import sessions
from app.storage.errors import DatabaseUnavailable
from app.storage.sessions import Shown

CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def secret_of(request: Request) -> str | None:
    """The secret of the session that a request shows; None: it shows none, or nobody signs in."""
    return request.cookies.get(SESSION_COOKIE) if sign_in_of(request) else None


async def session_viewer(request: Request, secret: str) -> Viewer:
    """Whoever has this session. Raises Stranger; Forbidden where another page may have asked."""
    shown = await live_session(request, secret)
    if shown is None:
        msg = "this session is over: sign in again"
        raise Stranger(msg)
    if request.method not in _SAFE:
        require_own_page(request, secret)
    request.state.session = shown
    return shown.viewer


async def live_session(request: Request, secret: str) -> Shown | None:
    """The session of a secret, while it goes on."""
    sign_in = sign_in_of(request)
    if sign_in is None:
        return None
    async with database_of(request).read() as reader:
        return await sessions.shown(reader, digest(secret), now_of(request), sign_in.life)


def session_of(request: Request) -> Shown | None:
    """The session by which whoever asks is known; None: by a token."""
    return cast("Shown | None", getattr(request.state, "session", None))


def require_own_page(request: Request, secret: str) -> None:
    """Raises Forbidden unless a page of ours asks, which knows what no other page can read.

    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
    """
    if not _of_our_origin(request):
        msg = "a page of another origin may not ask this"
        raise Forbidden(msg)
    if not is_csrf_token(request.headers.get(CSRF_HEADER, ""), secret):
        msg = f"send the csrf_token of GET /api/v1/me as {CSRF_HEADER}"
        raise Forbidden(msg)


def by_own_hand(request: Request) -> bool:
    """Whether a page of ours, or somebody by an address of their own, asks; as a browser says it.

    Of a browser that says nothing it is believed. https://www.w3.org/TR/fetch-metadata/
    """
    return request.headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"}


def _of_our_origin(request: Request) -> bool:
    sign_in, origin = sign_in_of(request), request.headers.get("Origin")
    if origin is not None:
        return sign_in is not None and origin == sign_in.origin
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


async def note_asked(request: Request) -> None:
    """Keeps the request's session from becoming idle; once a minute is often enough."""
    shown = session_of(request)
    now = now_of(request)
    if shown is None or now - shown.seen < SEEN_EVERY:
        return
    # Whoever only reads need not wait for a database that does not take writes.
    with suppress(DatabaseUnavailable):
        async with database_of(request).write() as writer:
            await sessions.see(writer, shown.id, now)


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    """Gives a browser a cookie that only this host sees, and no script."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Takes a cookie back; a browser believes it only of the same kind."""
    set_cookie(response, name, "", 0)
