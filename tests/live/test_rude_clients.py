"""Clients that are slow, endless or untrue on a real socket: each is ended, and costs no other."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from running import Running

PATIENCE_S = 1.0
MOST_BYTES = 10_000
MOST_MIB = 400
SOON_S = PATIENCE_S + 4.0  # connections are looked at once a second, on a busy machine
FIX = {"time": 1_772_399_045, "lat": 51.5, "lon": -0.12}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("rude")
    settings = {
        "database": str(folder / "rude.db"),
        "body_timeout_s": str(PATIENCE_S),
        "max_body_bytes": str(MOST_BYTES),
    }
    with Running(folder, settings) as running:
        yield running
        assert "Traceback" not in running.log()


@pytest.fixture(scope="module")
def key(service: Running) -> str:
    with service.client() as client:
        answer = client.post("/devices", json={"name": "phone-1", "kind": "phone"})
    return str(answer.json()["key"])


@pytest.fixture(autouse=True)
def serves_on(service: Running, key: str) -> Iterator[None]:
    """Whatever a test did to the service, the next sender finds it as it was."""
    yield
    answer = httpx.post(f"{service.url}/ingest/pings/{key}", json=FIX, timeout=30)
    assert answer.is_success, answer.text
    assert resident_mib(service) < MOST_MIB


def resident_mib(service: Running) -> int:
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10


def connected(service: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=SOON_S)


def head(key: str, *headers: str, format_: str = "pings") -> bytes:
    lines = [f"POST /ingest/{format_} HTTP/1.1", "Host: test", f"Authorization: Bearer {key}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def answered(client: socket.socket, drop: bytes = b"", every_s: float = 0.1) -> bytes:
    """All that comes until the other side ends the connection, which it is to do soon.

    Meanwhile the client goes on sending, drop by drop.
    """
    came, end = b"", time.monotonic() + SOON_S + PATIENCE_S
    client.settimeout(every_s)
    while time.monotonic() < end:
        try:
            client.sendall(drop)
            if not (part := client.recv(65_536)):
                return came
            came += part
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            return came
    pytest.fail(f"the connection is still open, and {came!r} came")


def status(came: bytes) -> int:
    return int(came.split(b" ", 2)[1])


@pytest.mark.parametrize("begin", [b"", b"POST /ingest/pings HTTP/1.1\r\nHost: te"])
def test_a_connection_on_which_no_request_comes_is_ended(service: Running, begin: bytes) -> None:
    with connected(service) as client:
        client.sendall(begin)
        assert answered(client) == b""


def test_a_head_that_comes_drop_by_drop_is_not_waited_for(service: Running) -> None:
    began = time.monotonic()
    with connected(service) as client:
        client.sendall(b"POST /ingest/pings HTTP/1.1\r\n")
        assert answered(client, b"X-Slow: 1\r\n") == b""
    assert time.monotonic() - began > PATIENCE_S


def test_a_head_without_end_is_refused_before_it_fills_the_memory(service: Running) -> None:
    began = time.monotonic()
    with connected(service) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\n")
        came = answered(client, b"X-Large: " + b"x" * 10_000 + b"\r\n", every_s=0.001)
    assert not came or status(came) == 400
    assert time.monotonic() - began < PATIENCE_S, "its size is to end it, not its time"


def test_a_body_that_comes_drop_by_drop_is_not_waited_for(service: Running, key: str) -> None:
    with connected(service) as client:
        client.sendall(head(key, "Content-Length: 5000"))
        assert status(answered(client, b" ")) == 408


def test_chunks_without_end_are_refused_where_a_body_must_end(service: Running, key: str) -> None:
    with connected(service) as client:
        client.sendall(head(key, "Transfer-Encoding: chunked"))
        assert status(answered(client, b"3e8\r\n" + b" " * 1_000 + b"\r\n", 0.01)) == 413


def test_a_stranger_s_body_is_not_read_for_ever(service: Running) -> None:
    with connected(service) as client:
        client.sendall(head("nobody", "Content-Length: 1000000000"))
        assert status(answered(client, b"x" * 10_000)) == 401


@pytest.mark.parametrize("length", ["5", "-5", "99999999999999999999999", "5, 6", "x"])
def test_a_length_that_is_not_true_costs_only_its_own_connection(
    service: Running, key: str, length: str
) -> None:
    body = b'{"time":1772399045,"lat":51.5,"lon":-0.12}'
    with connected(service) as client:
        client.sendall(head(key, f"Content-Length: {length}") + body)
        came = answered(client)
    assert 400 <= status(came) < 500
    assert b'"accepted"' not in came


def test_two_ways_to_end_one_body_are_refused(service: Running, key: str) -> None:
    both = ("Content-Length: 5", "Transfer-Encoding: chunked")
    with connected(service) as client:
        client.sendall(head(key, *both) + b"0\r\n\r\n")
        assert status(answered(client)) == 400


@pytest.mark.parametrize("format_", ["pings", "geojson", "cot", "nmea", "lip"])
@pytest.mark.parametrize("noise", [b"[" * 9_000, b'{"a":' * 1_900, b"<a>" * 3_000, b"\xff" * 9_000])
def test_what_is_nested_too_deeply_or_noise_is_refused_and_set_aside(
    service: Running, key: str, format_: str, noise: bytes
) -> None:
    said = httpx.post(f"{service.url}/ingest/{format_}/{key}", content=noise)
    assert (said.status_code, said.json()["title"]) == (400, "Unreadable")


def test_many_slow_clients_do_not_keep_a_quick_one_waiting(service: Running, key: str) -> None:
    with ExitStack() as open_:
        for number in range(200):
            client = open_.enter_context(connected(service))
            client.sendall(head(key, "Content-Length: 100")[: 30 + number])
        with httpx.Client(timeout=5) as quick:
            for second in range(20):
                fix = FIX | {"time": FIX["time"] + second}
                assert quick.post(f"{service.url}/ingest/pings/{key}", json=fix).is_success
