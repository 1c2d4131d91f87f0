import httpx
import pytest
from callers import Clock

from app.storage import quarantine
from app.storage.engine import Database
from ingest.message import Broken

BYTES = b"\xff\xfe\x00radio"


@pytest.fixture(autouse=True)
async def kept(database: Database, clock: Clock) -> None:
    broken = [
        Broken(b'{"time": 176', "pings", clock.now_us(), "phone-03", "not JSON"),
        Broken(BYTES, "lrrp", clock.now_us(), "gateway", "no report"),
        Broken(b"hello", "pings", clock.now_us(), "beatkeeper/up/x/pings", "no device"),
    ]
    async with database.write() as writer:
        for one in broken:
            await quarantine.keep(writer, one)


async def listed(admin: httpx.AsyncClient, **wanted: str) -> list[dict[str, object]]:
    answer = await admin.get("/quarantine", params=wanted)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_broken_messages_are_listed_newest_first_with_their_text(
    admin: httpx.AsyncClient,
) -> None:
    newest, middle, oldest = await listed(admin)
    assert (newest["sender"], newest["text"]) == ("beatkeeper/up/x/pings", "hello")
    assert (middle["text"], middle["size"]) == (None, len(BYTES))
    assert (oldest["format"], oldest["reason"]) == ("pings", "not JSON")


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"", ""),
        ("\u20ac".encode() * 20_000, "\u20ac" * 500),
        (b"x" + "\U0001f680".encode() * 1_000, "x" + "\U0001f680" * 499),
        (b"x" * 600 + "\u20ac".encode()[:2], None),
    ],
    ids=["empty", "long", "cut amid a character", "ends amid a character"],
)
async def test_a_list_shows_no_more_than_the_beginning_of_a_long_text(
    admin: httpx.AsyncClient, database: Database, clock: Clock, payload: bytes, text: str | None
) -> None:
    async with database.write() as writer:
        await quarantine.keep(writer, Broken(payload, "pings", clock.now_us(), "logger", "long"))
    [message] = await listed(admin, sender="logger")
    assert (message["text"], message["size"]) == (text, len(payload))
    assert "payload" not in message
    assert (await admin.get(f"/quarantine/{message['id']}")).content == payload


async def test_they_are_found_by_format_and_sender(admin: httpx.AsyncClient) -> None:
    assert [one["format"] for one in await listed(admin, format="lrrp")] == ["lrrp"]
    assert [one["text"] for one in await listed(admin, sender="phone-03")] == ['{"time": 176']
    assert await listed(admin, sender="phone-03", format="lrrp") == []


async def test_pages_follow_one_another_without_a_gap(admin: httpx.AsyncClient) -> None:
    first = (await admin.get("/quarantine", params={"limit": "2"})).json()
    assert [one["format"] for one in first["items"]] == ["pings", "lrrp"]
    rest = (await admin.get("/quarantine", params={"limit": "2", "cursor": first["next"]})).json()
    assert [one["sender"] for one in rest["items"]] == ["phone-03"]
    assert rest["next"] is None


async def test_the_bytes_come_as_they_were_and_as_no_page(admin: httpx.AsyncClient) -> None:
    [message] = await listed(admin, format="lrrp")
    answer = await admin.get(f"/quarantine/{message['id']}")
    assert answer.content == BYTES
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


async def test_one_can_be_deleted_once(admin: httpx.AsyncClient) -> None:
    [message] = await listed(admin, format="lrrp")
    assert (await admin.delete(f"/quarantine/{message['id']}")).status_code == 204
    assert (await admin.delete(f"/quarantine/{message['id']}")).status_code == 404
    assert (await admin.get(f"/quarantine/{message['id']}")).status_code == 404
    assert len(await listed(admin)) == 2
