"""Messages over real HTTP connections: in order, again when the service is busy, and none lost."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
import services

from simulator import post as posting
from simulator.messages import Message, NotReceivedError
from simulator.post import post


@dataclass
class Service:
    """What a tiny server answers in turn (the last one for good), and what it was sent."""

    url: str
    answers: list[int] = field(default_factory=lambda: [200])
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers = told.answers
            status = answers.pop(0) if len(answers) > 1 else answers[0]
            told.posts.append((self.path, dict(self.headers), body))
            answer = b"no such key" if status == 401 else b"[]"
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing on the tests' screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Service(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def owntracks(number: int) -> Message:
    body = b'{"_type":"location","tst":%d}' % number
    return Message(float(number), "phone-2", "http", "owntracks", "/ingest/owntracks", body)


def pings(number: int) -> Message:
    return Message(float(number), "handheld-1", "http", "pings", "/ingest/pings", b"{}\n{}")


async def send(messages: list[Message], url: str) -> int:
    """Posts messages and answers for how many there was a receipt."""
    receipts: list[None] = []
    async with httpx.AsyncClient(base_url=url) as client:
        await post(messages, client, "secret", lambda: receipts.append(None))
    return len(receipts)


async def test_messages_arrive_in_their_order_with_a_receipt_each(service: Service) -> None:
    assert await send([owntracks(number) for number in range(20)], service.url) == 20
    assert [body for _, _, body in service.posts] == [owntracks(n).body for n in range(20)]


async def test_owntracks_logs_in_and_our_own_format_brings_its_key(service: Service) -> None:
    await send([owntracks(1), pings(2)], service.url)
    (path, headers, _), (other_path, other_headers, other_body) = service.posts
    assert (path, other_path) == ("/ingest/owntracks", "/ingest/pings")
    login = b64decode(headers["Authorization"].removeprefix("Basic "))
    assert login == b"phone-2:secret"
    assert (headers["X-Limit-U"], headers["X-Limit-D"]) == ("phone-2", "app")
    assert other_headers["Authorization"] == "Bearer secret"
    assert other_headers["Content-Type"] == "application/x-ndjson"
    assert other_body == b"{}\n{}"


async def test_a_busy_service_is_sent_the_message_again_before_the_next_one(
    service: Service,
) -> None:
    service.answers = [200, 503, 503, 200]
    assert await send([owntracks(1), owntracks(2), owntracks(3)], service.url) == 3
    bodies = [body for _, _, body in service.posts]
    assert bodies == [owntracks(n).body for n in (1, 2, 2, 2, 3)]


async def test_a_service_that_stays_busy_is_given_up_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "PAUSES_S", (0.01, 0.01))
    service.answers = [503]
    with pytest.raises(NotReceivedError, match="503"):
        await send([owntracks(1)], service.url)
    assert len(service.posts) == 3


async def test_any_other_error_is_told_at_once_with_message_and_answer(service: Service) -> None:
    service.answers = [200, 401]
    with pytest.raises(NotReceivedError, match=r"phone-2.*/ingest/owntracks: 401 no such key"):
        await send([owntracks(1), owntracks(2), owntracks(3)], service.url)
    assert len(service.posts) == 2


async def test_a_service_that_is_not_there_is_tried_again_and_then_given_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting, "PAUSES_S", (0.01, 0.01))
    with pytest.raises(NotReceivedError, match="ConnectError"):
        await send([owntracks(1)], f"http://127.0.0.1:{services.free_port()}")
