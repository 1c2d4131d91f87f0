"""Where webhooks may go: the public internet by https, and networks that the force lists.

Whoever may make a webhook could else have the service knock at doors that only it can reach: its
own machine's, its database's, a cloud's metadata. What counts is the address that is connected to,
looked up once for each connection, so that no name can show one and lead to another.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Of a name's addresses, as many as are tried.
MOST_ADDRESSES: Final = 4
_LOOKED_UP_IN_S: Final = 5.0
# Addresses behind which an IPv4 address stands, in their last 32 bits (RFC 6052).
_TRANSLATED: Final = ip_network("64:ff9b::/96")
# All that has been given out of IPv6 (RFC 4291), but for an example's (RFC 9637) that older
# lists of what is special do not have.
_GIVEN_OUT: Final = ip_network("2000::/3")
_EXAMPLE: Final = ip_network("3fff::/20")
_PORTS: Final = {"http": 80, "https": 443}


class ForbiddenDestination(httpx.ConnectError):
    """An address to which nothing is sent; its text is one sentence that says what would be."""


class Destinations:
    """Tells which addresses may be connected to; `own`: networks of the force's own."""

    def __init__(self, own: Sequence[Network] = ()) -> None:
        self._own = tuple(own)

    async def check(self, url: httpx.URL) -> None:
        """Raises ForbiddenDestination where a URL leads only to what is not allowed.

        A name that cannot be looked up may be known later: each delivery looks again.
        """
        try:
            await self.addresses(url)
        except ForbiddenDestination:
            raise
        except httpx.ConnectError:
            return

    async def addresses(self, url: httpx.URL) -> Sequence[str]:
        """The addresses of a URL's host that may be connected to, at least one.

        Raises ForbiddenDestination where there are others only, httpx.ConnectError where the name
        is not known.
        """
        found = await _looked_up(url.raw_host.decode(), url.port or _PORTS.get(url.scheme, 443))
        allowed = [str(one) for one in found if self.allows(one, tls=url.scheme == "https")]
        if not allowed:
            if any(self.allows(one, tls=True) for one in found):
                msg = "http:// is for networks that BEATKEEPER_WEBHOOK_NETWORKS lists; use https://"
            else:
                msg = (
                    "its address is neither on the public internet nor in a network that "
                    "BEATKEEPER_WEBHOOK_NETWORKS lists"
                )
            raise ForbiddenDestination(msg)
        return allowed[:MOST_ADDRESSES]

    def allows(self, address: Address, *, tls: bool) -> bool:
        """Whether an address may be connected to, encrypted or not."""
        meant = unwrapped(address)
        if any(meant in network for network in self._own):
            return True
        return tls and _public(meant) and _public(address)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects to addresses that `destinations` allows, having looked them up itself."""

    def __init__(self, destinations: Destinations, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # httpx's own options
        self._destinations = destinations

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request to the first address that answers. Raises httpx.TransportError.

        Each has the same share of the time to connect, so that a silent one hides no other.
        """
        named = request.url
        addresses = await self._destinations.addresses(named)
        patience = dict(request.extensions.get("timeout", {}))
        if patience.get("connect") is not None:
            patience["connect"] /= len(addresses)
        # The name still counts in the certificate; the Host header is there already.
        told = {"sni_hostname": named.raw_host.decode(), "timeout": patience}
        request.extensions = {**request.extensions, **told}
        failure: httpx.TransportError | None = None
        for address in addresses:
            request.url = named.copy_with(host=address)
            try:
                return await super().handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                failure = exc
        assert failure is not None  # noqa: S101 -- there is at least one address
        raise failure


def unwrapped(address: Address) -> Address:
    """The IPv4 address that stands behind an IPv6 address; the address itself where none does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    tunnel = address.teredo
    return address.ipv4_mapped or address.sixtofour or (tunnel[1] if tunnel else address)


def _public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED or address.ipv4_mapped:
            return True  # what stands behind it is asked for itself
        if address not in _GIVEN_OUT or address in _EXAMPLE:
            return False
    return address.is_global and not address.is_multicast


async def _looked_up(host: str, port: int) -> Sequence[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LOOKED_UP_IN_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as exc:
        msg = f"the name {host[:80]!r} cannot be looked up"
        raise httpx.ConnectError(msg) from exc
    return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))
