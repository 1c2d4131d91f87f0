"""Signing in and out, for browsers: beside the API, and only where a provider is set."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.access.audit import Act, Entry
from app.access.sessions import FLOW_COOKIE, FLOW_LIFE, SESSION_COOKIE, path_back
from app.access.viewer import Role
from app.api.audited import address_of
from app.api.browser import (
    by_own_hand,
    drop_cookie,
    live_session,
    require_own_page,
    secret_of,
    set_cookie,
)
from app.api.guard import household
from app.api.state import auditor_of, sign_in_of
from app.oidc import NotSignedIn
from app.signing_in import CALLBACK, WHAT, SignedIn, SignIn

router = APIRouter(include_in_schema=False)
_LONGEST = 4096  # characters of what a provider sends back
_SEE_OTHER = 303

FromProvider = Annotated[str | None, Query(max_length=_LONGEST)]


@router.get("/sign-in")
async def begin(
    request: Request,
    role: Role | None = None,
    back: Annotated[str | None, Query(alias="return")] = None,
) -> Response:
    """Sends the browser to the identity provider; `return` is where to go afterwards.

    Another site's link chooses no role: it could put somebody into one that they did not ask for.
    """
    if not by_own_hand(request):
        role = None
    address, remembered = await _sign_in(request).begin(path_back(back), role)
    response = RedirectResponse(address, _SEE_OTHER)
    set_cookie(response, FLOW_COOKIE, remembered, int(FLOW_LIFE.total_seconds()))
    return response


@router.get(CALLBACK)
async def come_back(
    request: Request,
    code: FromProvider = None,
    state: FromProvider = None,
    iss: FromProvider = None,
) -> Response:
    """Begins the session of whom the provider sends back."""
    try:
        done = await _finished(request, code, state, iss)
    except NotSignedIn as exc:
        await _turned_away(request, str(exc))
        raise
    response = RedirectResponse(done.back, _SEE_OTHER)
    longest = _sign_in(request).life.longest
    set_cookie(response, SESSION_COOKIE, done.secret, int(longest.total_seconds()))
    drop_cookie(response, FLOW_COOKIE)
    return response


async def _finished(
    request: Request, code: str | None, state: str | None, iss: str | None
) -> SignedIn:
    sign_in = _sign_in(request)
    flow = await sign_in.flow(request.cookies.get(FLOW_COOKIE), state)
    # https://www.rfc-editor.org/rfc/rfc9207#section-2.4
    if iss is not None and iss != sign_in.issuer:
        msg = "another identity provider answered than was asked"
        raise NotSignedIn(msg)
    if not code:
        msg = "the identity provider let nobody in"
        raise NotSignedIn(msg)
    return await sign_in.finish(flow, code, secret_of(request), address_of(request))


@router.post("/sign-out", status_code=204)
async def sign_out(request: Request) -> Response:
    """Ends the browser's session at once; whoever has none is signed out already."""
    secret = secret_of(request)
    if secret is not None and await live_session(request, secret) is not None:
        require_own_page(request, secret)
        await _sign_in(request).end(secret, address_of(request))
    response = Response(status_code=204)
    drop_cookie(response, SESSION_COOKIE)
    return response


async def _turned_away(request: Request, why: str) -> None:
    origin = address_of(request)
    entry = Entry(Act.ACCESS, "a stranger", "stranger", "", origin, WHAT, {"refused": why})
    await auditor_of(request).refuse(entry, household(origin))


def _sign_in(request: Request) -> SignIn:
    sign_in = sign_in_of(request)
    assert sign_in is not None  # noqa: S101 -- these routes are there only where it is
    return sign_in
