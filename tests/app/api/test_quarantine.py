import httpx
import pytest
from callers import Clock

from app.access.viewer import Glass, Role, Viewer
from app.api.quarantine import _shown, read_quarantined
from app.storage import quarantine
from app.storage.engine import Database
from app.storage.pages import Slice
from ingest.message import Broken

BYTES = b"\xff\xfe\x00radio"
BROKE_THE_GLASS = Viewer("x", Role.ADMINISTRATOR, glass=Glass(1, payloads=True))


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


async def texts(database: Database) -> list[str | None]:
    """What who broke the glass for payloads is shown of the messages, the newest first."""
    async with database.read() as reader:
        page = await quarantine.page(reader, BROKE_THE_GLASS, Slice(9), format_=None, sender=None)
    return [_shown(message).text for message in page.items]


async def test_broken_messages_are_listed_newest_first_with_their_text(
    admin: httpx.AsyncClient, database: Database
) -> None:
    newest, middle, oldest = await listed(admin)
    assert newest["sender"] == "beatkeeper/up/x/pings"
    assert middle["size"] == len(BYTES)
    assert (oldest["format"], oldest["reason"]) == ("pings", "not JSON")
    assert await texts(database) == ["hello", None, '{"time": 176']


async def test_an_administrator_reads_nothing_of_what_a_message_says(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    """Nor where a reason quotes it: a position may be in it."""
    position, who = b">RPV15714+3739438-14203846", "the sender's word"
    reason = f"{who}: not TAIP: {position.decode()!r} and {chr(34) + '51.5' + chr(39)!r}"
    async with database.write() as writer:
        await quarantine.keep(writer, Broken(position, "taip", clock.now_us(), "unit-1", reason))
    shown = await listed(admin)
    assert shown[0]["reason"] == f"{who}: not TAIP: '...' and '...'"
    assert [one["text"] for one in shown] == [None] * 4
    answer = await admin.get(f"/quarantine/{shown[0]['id']}")
    missing = await admin.get("/quarantine/4711")
    assert (answer.status_code, answer.content) == (403, missing.content)
    assert answer.json()["detail"] == "the role administrator has no right to read payloads"


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
    assert (message["text"], message["size"]) == (None, len(payload))
    assert "payload" not in message
    assert (await texts(database))[0] == text


async def test_they_are_found_by_format_and_sender(admin: httpx.AsyncClient) -> None:
    assert [one["format"] for one in await listed(admin, format="lrrp")] == ["lrrp"]
    assert [one["reason"] for one in await listed(admin, sender="phone-03")] == ["not JSON"]
    assert await listed(admin, sender="phone-03", format="lrrp") == []


async def test_pages_follow_one_another_without_a_gap(admin: httpx.AsyncClient) -> None:
    first = (await admin.get("/quarantine", params={"limit": "2"})).json()
    assert [one["format"] for one in first["items"]] == ["pings", "lrrp"]
    rest = (await admin.get("/quarantine", params={"limit": "2", "cursor": first["next"]})).json()
    assert [one["sender"] for one in rest["items"]] == ["phone-03"]
    assert rest["next"] is None


async def test_the_bytes_come_as_they_were_and_as_no_page(database: Database) -> None:
    answer = await read_quarantined(2, BROKE_THE_GLASS, database)
    assert answer.body == BYTES
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


async def test_one_can_be_deleted_once(admin: httpx.AsyncClient) -> None:
    [message] = await listed(admin, format="lrrp")
    assert (await admin.delete(f"/quarantine/{message['id']}")).status_code == 204
    assert (await admin.delete(f"/quarantine/{message['id']}")).status_code == 404
    assert len(await listed(admin)) == 2
