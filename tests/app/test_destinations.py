"""Webhooks go to the public internet and to the force's own networks, and nowhere else."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import ip_address, ip_network
from typing import Any

import httpx
import pytest
from receiving import receiving

from app import destinations
from app.destinations import Address, Destinations, ForbiddenDestination, GuardedTransport

INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 -- an address that is to be refused
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fec0::1",
    "fd00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "::7f00:1",
    "::ffff:0:a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
)
OUTSIDE = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_our_side_is_refused(address: str) -> None:
    assert not Destinations().allows(ip_address(address), tls=True)


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_allowed_but_only_encrypted(address: str) -> None:
    assert Destinations().allows(ip_address(address), tls=True)
    assert not Destinations().allows(ip_address(address), tls=False)


def test_a_network_of_ones_own_is_allowed_however_its_address_is_written() -> None:
    ours = Destinations([ip_network("10.1.0.0/16")])
    for address in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert ours.allows(ip_address(address), tls=False)
    assert not ours.allows(ip_address("10.2.0.1"), tls=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://localhost:8443/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "http://8.8.8.8/",
    ],
)
async def test_no_spelling_of_a_url_gets_past(url: str) -> None:
    with pytest.raises(ForbiddenDestination, match="BEATKEEPER_WEBHOOK_NETWORKS"):
        await Destinations().check(httpx.URL(url))


async def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    unknown = httpx.URL("https://control.invalid/")
    await Destinations().check(unknown)
    with pytest.raises(httpx.ConnectError, match=r"control\.invalid"):
        await Destinations().addresses(unknown)


async def test_a_name_that_changes_its_address_is_connected_to_where_it_was_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: public at the first look, our own machine at the second."""
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    asked: list[str] = []

    async def look_up(_loop: object, host: str, port: int, **_: object) -> Sequence[Any]:
        asked.append(host)
        return [(socket.AF_INET, 0, 0, "", (one, port)) for one in answers.pop(0)]

    async with receiving() as receiver:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(type(loop), "getaddrinfo", look_up)
        guarded = Destinations()
        url = httpx.URL(f"https://rebound.example:{receiver.port}/")
        await guarded.check(url)
        async with httpx.AsyncClient(transport=GuardedTransport(guarded)) as client:
            with pytest.raises(ForbiddenDestination):
                await client.post(url, content=b"x")
        assert receiver.deliveries == []
    assert asked == ["rebound.example"] * 2


async def test_a_name_is_looked_up_once_a_delivery_and_its_host_is_still_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def look_up(_loop: object, host: str, port: int, **_: object) -> Sequence[Any]:
        asked.append(host)
        # One where nobody listens comes first.
        return [(socket.AF_INET, 0, 0, "", (one, port)) for one in ("127.0.0.9", "127.0.0.1")]

    async with receiving() as receiver:
        real = type(asyncio.get_running_loop()).getaddrinfo

        async def only_names(  # as the event loop's own
            loop: asyncio.AbstractEventLoop, host: str, port: int, **more: int
        ) -> Sequence[Any]:
            literal = host.replace(".", "").isdigit()
            return await (real if literal else look_up)(loop, host, port, **more)

        monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", only_names)
        ours = Destinations([ip_network("127.0.0.0/8")])
        async with httpx.AsyncClient(transport=GuardedTransport(ours)) as client:
            answer = await client.post(f"http://hook.example:{receiver.port}/x", content=b"{}")
        assert answer.status_code == 204
        assert receiver.deliveries[0].headers["host"] == f"hook.example:{receiver.port}"
    assert asked == ["hook.example"]


async def test_a_silent_address_does_not_hide_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver:
        with ExitStack() as stack:
            silent = stack.enter_context(socket.socket())
            silent.bind(("127.0.0.9", receiver.port))
            silent.listen(0)
            for _ in range(2):  # no room is left for who connects next
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(0)
                waiting.connect_ex(("127.0.0.9", receiver.port))

            async def look_up(host: str, port: int) -> Sequence[Address]:
                return [ip_address("127.0.0.9"), ip_address("127.0.0.1")]

            monkeypatch.setattr(destinations, "_looked_up", look_up)
            ours = GuardedTransport(Destinations([ip_network("127.0.0.0/8")]))
            async with httpx.AsyncClient(transport=ours, timeout=0.6) as client:
                answer = await client.post(f"http://hook.example:{receiver.port}/x", content=b"{}")
        assert answer.status_code == 204


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as receiver:
        receiver.answers = [307]
        ours = Destinations([ip_network("127.0.0.0/8")])
        async with httpx.AsyncClient(transport=GuardedTransport(ours)) as client:
            assert (await client.post(receiver.url(), content=b"{}")).status_code == 307
        assert [one.path for one in receiver.deliveries] == ["/hook"]
