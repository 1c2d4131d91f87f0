"""What every request passes first and every answer last: its host, guesses, and safe headers."""

import logging
import math
from collections.abc import Collection, Sequence
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import problem
from ingest.rates import Rates

Headers = Sequence[tuple[bytes, bytes]]

# For an answer that is no page: it may load nothing, and stand in nobody's frame.
CLOSED: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_UNUSED: Final = "accelerometer camera display-capture geolocation gyroscope microphone payment usb"
ALWAYS: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", CLOSED.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in _UNUSED.split()).encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cache-control", b"no-store"),
)
"""On each answer that does not say otherwise."""
OVER_TLS: Final[Headers] = ((b"strict-transport-security", b"max-age=31536000"),)
_LOG: Final = logging.getLogger(__name__)
_START: Final = "http.response.start"
# Asked by their own machine, under its own address.
_PROBES: Final = frozenset({"/healthz", "/readyz"})
# Devices show a key, whatever name they know us by; nothing is answered that a browser would keep.
_DEVICES: Final = "/ingest/"


class Guard:
    """Plain ASGI around the application.

    `hosts`: the only ones that people may ask for, in lower case; none: any. `guesses`: how often
    one address may be answered 401; then it is 429, and whoever shows something good is let in all
    the same. `words`: how often the log says so. `over_tls`: that people come by https.
    """

    def __init__(
        self,
        otherwise: ASGIApp,
        guesses: Rates,
        words: Rates,
        *,
        hosts: Collection[str] = (),
        over_tls: bool = False,
    ) -> None:
        self._otherwise = otherwise
        self._guesses = guesses
        self._words = words
        self._hosts = frozenset(hosts)
        self._headers = (*ALWAYS, *OVER_TLS) if over_tls else ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._otherwise(scope, receive, send)
            return
        silenced = False

        async def sealed(message: Message) -> None:
            nonlocal silenced
            if silenced:
                return
            if message["type"] == _START and message["status"] == HTTPStatus.UNAUTHORIZED:
                client = scope.get("client")
                party = household(client[0] if client else "")
                if wait_s := self._guesses.take(party):
                    silenced = True
                    if not self._words.take(""):
                        _LOG.warning("too many wrong credentials: 429, such as to %.50r", party)
                    await _too_often(wait_s)(scope, receive, sealing)
                    return
            await sealing(message)

        sealing = self._sealing(send)
        if self._hosts and not self._asked_for(scope):
            detail = "this name is not one that the service goes by"
            answer = problem(HTTPStatus.MISDIRECTED_REQUEST, "Another host", detail)
            await answer(scope, receive, sealing)
        else:
            await self._otherwise(scope, receive, sealed)

    def _sealing(self, send: Send) -> Send:
        async def sealing(message: Message) -> None:
            if message["type"] == _START:
                headers = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                message["headers"] = headers + [one for one in self._headers if one[0] not in said]
            await send(message)

        return sealing

    def _asked_for(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if path in _PROBES or path.startswith(_DEVICES):
            return True
        named = [value for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and named[0].decode("latin-1").lower() in self._hosts


def household(address: str) -> str:
    """Give what one party holds of addresses: an IPv4 address, of IPv6 all of a /64."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
    return str(known)


def _too_often(wait_s: float) -> ASGIApp:
    detail = "too many credentials that nobody holds came from this address"
    again = {"Retry-After": str(math.ceil(wait_s))}
    return problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many guesses", detail, again)
