import httpx
import sqlalchemy as sa

from app.access.secrets import digest
from app.storage import directory
from app.storage.engine import Database
from app.storage.schema import device_keys

PHONE = {"name": "phone-03", "kind": "phone"}


async def known(database: Database, key: str) -> bool:
    async with database.read() as reader:
        return await directory.by_key(reader, digest(key)) is not None


async def listed(admin: httpx.AsyncClient) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await admin.get("/devices/phone-03/keys")).json()["items"]
    return items


async def test_a_key_is_rotated_by_a_new_one_beside_it_and_the_end_of_the_old(
    admin: httpx.AsyncClient, database: Database
) -> None:
    old = (await admin.post("/devices", json=PHONE)).json()["key"]
    new = (await admin.post("/devices/phone-03/keys")).json()["key"]
    first, second = await listed(admin)
    assert (first["mqtt"], second["mqtt"]) == (True, False)
    assert first["revoked"] is second["revoked"] is None
    assert await known(database, old)
    assert await known(database, new)
    for _ in range(2):  # the same again is no change
        answer = await admin.delete(f"/devices/phone-03/keys/{first['id']}")
        assert answer.status_code == 204
    assert not await known(database, old)
    assert await known(database, new)
    ended, kept = await listed(admin)
    assert ended["revoked"] is not None
    assert (ended["mqtt"], kept["mqtt"]) == (False, True)


async def test_neither_the_key_nor_what_opens_it_is_stored_or_listed(
    admin: httpx.AsyncClient, database: Database
) -> None:
    key = (await admin.post("/devices", json=PHONE)).json()["key"]
    assert key not in (await admin.get("/devices")).text
    assert key not in (await admin.get("/devices/phone-03/keys")).text
    async with database.read() as reader:
        row = (await reader.execute(sa.select(device_keys))).one()
    assert key not in repr(row)
    assert row.mqtt_hash.startswith("$7$")


async def test_what_is_not_there_has_no_keys_and_no_lock(admin: httpx.AsyncClient) -> None:
    await admin.post("/devices", json=PHONE)
    await admin.post("/devices", json={**PHONE, "name": "phone-04"})
    others = (await admin.get("/devices/phone-04/keys")).json()["items"][0]["id"]
    assert (await admin.delete(f"/devices/phone-03/keys/{others}")).status_code == 404
    for method, path in (
        ("GET", "/devices/phone-05/keys"),
        ("DELETE", f"/devices/phone-05/keys/{others}"),
        ("PUT", "/devices/phone-05/lock"),
        ("DELETE", "/devices/phone-05/lock"),
    ):
        assert (await admin.request(method, path)).status_code == 404, path


async def test_a_lock_says_since_when_and_stays_until_it_is_taken_away(
    admin: httpx.AsyncClient,
) -> None:
    await admin.post("/devices", json=PHONE)

    async def locked() -> object:
        return (await admin.get("/devices")).json()["items"][0]["locked"]

    assert await locked() is None
    for _ in range(2):
        assert (await admin.put("/devices/phone-03/lock")).status_code == 204
        assert await locked() == "2026-01-15T12:00:00Z"
    assert (await admin.delete("/devices/phone-03/lock")).status_code == 204
    assert await locked() is None
