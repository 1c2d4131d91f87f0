"""Requests as no client writes them, on a real socket: two meanings, none, or too much of one."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from running import TOKEN, Running

MOST_CONNECTIONS = 40
SHOWN = f"Authorization: Bearer {TOKEN}\r\n".encode()
HOST = b"Host: test\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("wire")
    settings = {
        "database": str(folder / "wire.db"),
        "connections_by_address": str(MOST_CONNECTIONS),
        "guesses_per_minute": "5",
        "body_timeout_s": "2",
    }
    with Running(folder, settings) as running:
        yield running
        assert "Traceback" not in running.log()


@pytest.fixture(autouse=True)
def serves_on(service: Running) -> Iterator[None]:
    yield
    with service.client() as client:
        assert client.get("/teams").status_code == 200


def came_back(service: Running, request: bytes) -> bytes:
    """All that is answered until the connection ends."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=8) as client:
        client.sendall(request)
        came = b""
        try:
            while part := client.recv(65_536):
                came += part
        except ConnectionResetError:
            pass
    return came


def statuses(came: bytes) -> list[int]:
    return [int(part[:3]) for part in came.split(b"HTTP/1.1 ")[1:]]


SMUGGLED = b"GET /api/v1/officers HTTP/1.1\r\n" + HOST + SHOWN + b"\r\n"


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 60\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Content-Length: 5\r\n Transfer-Encoding: chunked\r\n",
    ],
)
def test_a_body_of_two_lengths_is_refused_and_nothing_after_it_is_a_request(
    service: Running, lengths: bytes
) -> None:
    head = b"POST /api/v1/teams HTTP/1.1\r\n" + HOST + lengths + b"Connection: close\r\n"
    came = came_back(service, head + b"\r\n0\r\n\r\n" + SMUGGLED)
    assert len(statuses(came)) == 1, came
    assert statuses(came)[0] in {400, 401, 429}


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-\xff\xfe: 1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_as_a_problem_with_safe_headers(
    service: Running, request_: bytes
) -> None:
    came = came_back(service, request_)
    assert statuses(came) == [400], came
    assert b"application/problem+json" in came
    assert b"x-content-type-options: nosniff" in came
    assert b"uvicorn" not in came.lower()


def test_the_protocol_of_1996_is_answered_and_the_connection_ends(service: Running) -> None:
    came = came_back(service, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert statuses(came) == [200]


@pytest.mark.parametrize(
    "path", [b"/api/v1/officers/%ff%fe", b"/api/v1/%c0%af", b"/docs/files/%2e%2e/%2e%2e/pyvenv.cfg"]
)
def test_a_path_that_is_no_text_or_leads_out_is_not_found(service: Running, path: bytes) -> None:
    came = came_back(
        service, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    )
    assert statuses(came)[0] in {400, 401, 404, 405, 429}, came


def test_a_header_cannot_be_made_to_end_in_another(service: Running) -> None:
    with service.client() as client:
        answer = client.get("/pings", params={"from": "2026-01-15\r\nSet-Cookie: a=b", "f": "csv"})
        assert "set-cookie" not in answer.headers
        assert answer.is_client_error


def test_an_address_has_only_so_many_connections(service: Running) -> None:
    crowd = [
        socket.create_connection(("127.0.0.1", service.port), timeout=5)
        for _ in range(MOST_CONNECTIONS)
    ]
    try:
        came = came_back(service, b"")
        assert statuses(came) == [503]
        assert b"retry-after" in came
    finally:
        for one in crowd:
            one.close()


def test_forwarded_addresses_of_strangers_are_not_believed(service: Running) -> None:
    """Whoever makes up an address for each guess is still one who guesses."""
    answers = [
        httpx.get(
            f"{service.url}/api/v1/teams",
            headers={"Authorization": "Bearer x", "X-Forwarded-For": f"192.0.2.{number}"},
        ).status_code
        for number in range(12)
    ]
    assert answers[-1] == 429


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service behind a proxy, that lets little through."""
    folder = tmp_path_factory.mktemp("narrow")
    settings = {
        "database": str(folder / "narrow.db"),
        "device_posts_per_s": "0.001",
        "device_posts_at_once": "3",
        "guesses_per_minute": "4",
        "trusted_proxies": "127.0.0.1",
        "event_streams": "2",
    }
    with Running(folder, settings) as running:
        yield running


def test_a_device_that_floods_is_told_when_to_come_again(narrow: Running) -> None:
    with narrow.client() as client:
        keys = [
            client.post("/devices", json={"name": name, "kind": "phone"}).json()["key"]
            for name in ("flooding", "other")
        ]
    fix = {"time": "2026-01-15T12:00:00Z", "lat": 51.5, "lon": -0.12}
    url = f"{narrow.url}/ingest/pings"
    answers = [httpx.post(f"{url}/{keys[0]}", json=fix) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert httpx.post(f"{url}/{keys[1]}", json=fix).status_code == 200


def test_behind_a_trusted_proxy_everybody_guesses_for_themselves(narrow: Running) -> None:
    def guess(forwarded: str) -> int:
        headers = {"Authorization": "Bearer x", "X-Forwarded-For": forwarded}
        return httpx.get(f"{narrow.url}/api/v1/teams", headers=headers).status_code

    assert {guess(f"192.0.2.{number}") for number in range(6)} == {401}
    # What somebody put before the address that the proxy saw is not where they call from.
    made_up = [guess(f"198.51.100.{number}, 192.0.2.77") for number in range(5)]
    assert made_up == [401, 401, 401, 401, 429]


def test_a_token_follows_so_many_event_streams_until_it_ends_one(narrow: Running) -> None:
    url = f"{narrow.url}/api/v1/events?f=stream"
    shown = {"Authorization": f"Bearer {narrow.token_of('analyst')}"}
    with ExitStack() as followed, httpx.Client(headers=shown) as client:
        answers = [followed.enter_context(client.stream("GET", url)) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        answers[0].close()
        assert any(_is_followed(client, url) for _ in range(50))


def _is_followed(client: httpx.Client, url: str) -> bool:
    time.sleep(0.1)  # the service is told that a stream has ended when its connection has
    with client.stream("GET", url) as answer:
        return answer.is_success
