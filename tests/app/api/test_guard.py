"""What every answer bears, whose name is asked for, and how often one may guess."""

import httpx
import pytest
from callers import ADMIN, bearer
from starlette.types import Receive, Scope, Send

from app.api.guard import ALWAYS, Guard, household
from app.main import create_app
from app.settings import Settings
from ingest.rates import EACH_MINUTE, Rate, Rates

PATHS = ("/docs", "/docs/files/swagger-ui.css", "/openapi.json", "/nowhere", "/ingest/pings")


def client_of(application: object, address: str = "192.0.2.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application, raise_app_exceptions=False, client=(address, 1))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://beat.example")


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_bears_the_headers_that_browsers_go_by(path: str) -> None:
    async with client_of(create_app(Settings())) as client:
        answer = await client.get(path)
    for name, value in ALWAYS:
        said = answer.headers.get_list(name.decode())
        assert len(said) == 1
        if path != "/docs":
            assert said[0] == value.decode()
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_an_error_of_ours_bears_them_too() -> None:
    application = create_app(Settings())  # it has not been started: nothing of it is there
    async with client_of(application) as client:
        answer = await client.get("/api/v1/teams", headers=bearer(ADMIN))
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_only_the_public_name_is_served_to_people() -> None:
    application = create_app(Settings(public_url="https://Beat.example"))
    async with client_of(application) as client:
        assert (await client.get("/docs")).status_code == 200
        assert "strict-transport-security" in (await client.get("/docs")).headers
        refused = await client.get("/docs", headers={"Host": "evil.example"})
        assert (refused.status_code, refused.json()["title"]) == (421, "Another host")
        twice = [("Host", "beat.example"), ("Host", "evil.example")]
        assert (await client.get("/docs", headers=twice)).status_code == 421
        probe = await client.get("/healthz", headers={"Host": "127.0.0.1:8000"})
        assert probe.status_code == 200


async def door(scope: Scope, _receive: Receive, send: Send) -> None:
    """Lets in one token only."""
    good = (b"authorization", b"Bearer good") in scope["headers"]
    await send({"type": "http.response.start", "status": 200 if good else 401, "headers": []})
    await send({"type": "http.response.body", "body": b"whoever"})


async def test_who_guesses_waits_and_who_knows_comes_in_from_the_same_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = 1000.0
    words = Rates(EACH_MINUTE, lambda: seconds)
    guard = Guard(door, Rates(Rate(per_s=1.0, at_once=3), lambda: seconds), words)
    async with client_of(guard) as client, client_of(guard, "192.0.2.2") as other:
        assert [(await client.get("/")).status_code for _ in range(5)] == [401] * 3 + [429] * 2
        refused = await client.get("/")
        assert [one.getMessage() for one in caplog.records] == [
            "too many wrong credentials: 429, such as to '192.0.2.1'"
        ]
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["status"] == 429
        good = await client.get("/", headers={"Authorization": "Bearer good"})
        assert (good.status_code, good.text) == (200, "whoever")
        assert (await other.get("/")).status_code == 401
        seconds += 1.0
        assert (await client.get("/")).status_code == 401


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "192.0.2.8", False),
    ],
)
def test_one_party_has_all_of_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (household(one) == household(other)) == same
