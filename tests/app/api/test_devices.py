import httpx
import pytest
import sqlalchemy as sa
from callers import Clock

from app.access.secrets import digest
from app.storage import directory
from app.storage.engine import Database
from app.storage.schema import device_states, profiles
from ingest.units import SPEEDS_MPS

PHONE = {
    "name": "phone-03",
    "kind": "phone",
    "addresses": [{"kind": "owntracks", "address": "pc1234/phone"}],
}
UNSET = {"speed_unit": None, "owntracks_encrypted": False, "locked": None}


async def test_a_device_is_known_by_its_key_which_is_shown_once(
    admin: httpx.AsyncClient, database: Database
) -> None:
    made = (await admin.post("/devices", json=PHONE)).json()
    assert made["key"].startswith("bkd_")
    assert made["profile"] == "phone"
    listed = (await admin.get("/devices")).json()["items"]
    assert listed == [{**PHONE, **UNSET, "profile": "phone", "speaks_for": []}]
    async with database.read() as reader:
        sender = await directory.by_key(reader, digest(made["key"]))
        states = (await reader.execute(sa.select(device_states))).all()
    assert sender is not None
    assert sender.name == "phone-03"
    assert [state.device_id for state in states] == [sender.device]


async def test_keys_are_added_and_revoked(admin: httpx.AsyncClient, database: Database) -> None:
    first = (await admin.post("/devices", json=PHONE)).json()["key"]
    second = (await admin.post("/devices/phone-03/keys")).json()["key"]
    assert first != second

    async def known(key: str) -> bool:
        async with database.read() as reader:
            return await directory.by_key(reader, digest(key)) is not None

    assert await known(first)
    assert await known(second)
    assert (await admin.delete("/devices/phone-03/keys")).status_code == 204
    assert not await known(first)
    assert not await known(second)
    assert (await admin.post("/devices/phone-04/keys")).status_code == 404
    assert (await admin.delete("/devices/phone-04/keys")).status_code == 404


async def test_a_gateway_speaks_for_the_devices_it_lists(
    admin: httpx.AsyncClient, database: Database
) -> None:
    await admin.post("/devices", json={"name": "radio-1", "kind": "radio"})
    gateway = {"name": "dimetra", "kind": "gateway", "speaks_for": ["radio-1"]}
    key = (await admin.post("/devices", json=gateway)).json()["key"]
    async with database.read() as reader:
        sender = await directory.by_key(reader, digest(key))
    assert sender is not None
    assert list(sender.speaks_for) == ["radio-1"]
    assert (await admin.get("/devices")).json()["items"][1]["speaks_for"] == ["radio-1"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"name": "phone-01"}, 409, "there is a device 'phone-01' already"),
        (
            {"addresses": [{"kind": "owntracks", "address": "pc1/phone"}]},
            409,
            "another device has one of these addresses",
        ),
        ({"addresses": [{"kind": "owntracks", "address": "phone"}]}, 422, "`user/device`"),
        ({"name": "phone/3"}, 422, "body.name: "),
        ({"name": "phone 3"}, 422, "body.name: "),
        ({"kind": "drone"}, 422, "body.kind: "),
        ({"speed_unit": "knots"}, 422, "body.speed_unit: "),
        ({"owntracks_secret": ""}, 422, "give 1 to 32 bytes"),
        ({"owntracks_secret": "я" * 17}, 422, "give 1 to 32 bytes"),
        ({"owntracks_secret": "a\x00b"}, 422, "give 1 to 32 bytes"),
        ({"owntracks_encrypted": True}, 422, "body.owntracks_encrypted: "),
        ({"profile": "drone"}, 422, "there is no profile 'drone'"),
        ({"speaks_for": ["phone-01"]}, 422, "only a gateway speaks for other devices"),
        ({"kind": "gateway", "speaks_for": ["radio-9"]}, 422, "there is no device 'radio-9'"),
    ],
)
async def test_a_device_that_cannot_be_is_refused_and_leaves_nothing_behind(
    admin: httpx.AsyncClient, changes: dict[str, object], status: int, said: str
) -> None:
    address = {"kind": "owntracks", "address": "pc1/phone"}
    await admin.post("/devices", json={"name": "phone-01", "kind": "phone", "addresses": [address]})
    answer = await admin.post("/devices", json=PHONE | changes)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert [one["name"] for one in (await admin.get("/devices")).json()["items"]] == ["phone-01"]


async def test_a_profile_is_changed_from_now_on_and_its_past_is_kept(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    values = {
        "interval_s": 60.0,
        "max_gap_s": None,
        "reports_when_still": False,
        "assumed_accuracy_m": 15.0,
    }
    for _ in range(2):
        answer = await admin.put("/profiles/radio", json=values)
        assert answer.json() == {"name": "radio", **values}
    clock.set("2026-01-16T12:00:00Z")
    await admin.put("/profiles/radio", json=values | {"interval_s": 300})
    listed = {one["name"]: one for one in (await admin.get("/profiles")).json()["items"]}
    assert listed["radio"]["interval_s"] == 300
    async with database.read() as reader:
        query = sa.select(profiles).where(profiles.c.name == "radio").order_by(profiles.c.id)
        rows = (await reader.execute(query)).all()
    # What it was to begin with, what it became (once), what it became then.
    assert [row.interval_s for row in rows[-2:]] == [60, 300]
    assert rows[-2].known_to == rows[-1].known_from == clock.now
    assert len(rows) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"interval_s": 0},
        {"interval_s": -5},
        {"interval_s": 1e9},
        {"interval_s": 15, "max_gap_s": 0},
        {"interval_s": 15, "assumed_accuracy_m": -1},
        {},
    ],
)
async def test_a_profile_that_makes_no_sense_is_refused(
    admin: httpx.AsyncClient, values: dict[str, float]
) -> None:
    assert (await admin.put("/profiles/radio", json=values)).status_code == 422


async def test_a_device_is_changed_and_ingest_notices(
    admin: httpx.AsyncClient, database: Database
) -> None:
    for number in (1, 2):
        await admin.post("/devices", json={"name": f"radio-{number}", "kind": "radio"})
    gateway = {"kind": "gateway", "speaks_for": ["radio-1"]}
    key = (await admin.post("/devices", json={"name": "dimetra", **gateway})).json()["key"]
    await admin.post("/devices", json=PHONE)

    async def stamp() -> object:
        async with database.read() as reader:
            return await directory.stamp(reader)

    before = await stamp()
    changed = await admin.put("/devices/dimetra", json=gateway | {"speaks_for": ["radio-2"]})
    assert changed.json()["speaks_for"] == ["radio-2"]
    between = await stamp()
    address = {"kind": "owntracks", "address": "pc9/phone"}
    body = {"kind": "phone", "profile": "radio", "addresses": [address]}
    assert (await admin.put("/devices/phone-03", json=body)).json()["profile"] == "radio"
    assert len({before, between, await stamp()}) == 3
    async with database.read() as reader:
        sender = await directory.by_key(reader, digest(key))
        assert sender is not None
        assert list(sender.speaks_for) == ["radio-2"]
        assert await directory.by_address(reader, "owntracks", "pc1234/phone") is None
        assert await directory.by_address(reader, "owntracks", "pc9/phone") is not None


@pytest.mark.parametrize(
    ("path", "changes", "status", "said"),
    [
        ("/devices/phone-09", {}, 404, "there is no device 'phone-09'"),
        ("/devices/phone-03", {"kind": "radio"}, 422, "this device is a phone"),
        ("/devices/phone-03", {"profile": "drone"}, 422, "there is no profile 'drone'"),
        (
            "/devices/phone-03",
            {"addresses": [{"kind": "owntracks", "address": "pc1/phone"}]},
            409,
            "another device has one of these addresses",
        ),
    ],
)
async def test_a_change_of_a_device_that_cannot_be_leaves_it_as_it_was(
    admin: httpx.AsyncClient, path: str, changes: dict[str, object], status: int, said: str
) -> None:
    address = {"kind": "owntracks", "address": "pc1/phone"}
    await admin.post("/devices", json={"name": "phone-01", "kind": "phone", "addresses": [address]})
    await admin.post("/devices", json=PHONE)
    before = (await admin.get("/devices")).json()
    answer = await admin.put(path, json={"kind": "phone"} | changes)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert (await admin.get("/devices")).json() == before


async def test_a_secret_is_set_kept_and_taken_away_and_never_shown(
    admin: httpx.AsyncClient, database: Database
) -> None:
    secret = "correct horse battery"

    async def known() -> tuple[str | None, object]:
        async with database.read() as reader:
            sender = await directory.by_address(reader, "owntracks", "pc1234/phone")
            stamp = await directory.stamp(reader)
        assert sender is not None
        return sender.owntracks_secret, stamp

    said = [await admin.post("/devices", json=PHONE | {"owntracks_secret": secret})]
    found = [await known()]
    kept = {"kind": "phone", "addresses": PHONE["addresses"]}
    for changes in ({}, {"owntracks_secret": None}, {"owntracks_secret": "x" * 32}):
        said.append(await admin.put("/devices/phone-03", json=kept | changes))
        found.append(await known())
    assert [one for one, _ in found] == [secret, secret, None, "x" * 32]
    assert len({stamp for _, stamp in found}) == 3
    assert [answer.json()["owntracks_encrypted"] for answer in said] == [True, True, False, True]
    said.append(await admin.get("/devices"))
    said.append(await admin.put("/devices/phone-03", json=kept | {"owntracks_secret": secret * 2}))
    assert said[-1].status_code == 422
    assert not [answer for answer in said if secret in answer.text or "xxx" in answer.text]


@pytest.mark.parametrize(
    ("unit", "mps"), [("kn", 1852 / 3600), ("mps", 1.0), ("kmh", 1 / 3.6), ("mph", 0.44704)]
)
async def test_a_devices_unit_of_speed_reaches_who_reads_its_messages(
    admin: httpx.AsyncClient, database: Database, unit: str, mps: float
) -> None:
    async def known() -> tuple[float | None, object]:
        async with database.read() as reader:
            sender = await directory.by_address(reader, "device", "phone-03")
            stamp = await directory.stamp(reader)
        assert sender is not None
        return sender.speed_unit_mps, stamp

    made = await admin.post("/devices", json=PHONE | {"speed_unit": unit})
    assert made.json()["speed_unit"] == unit
    first = await known()
    changed = await admin.put("/devices/phone-03", json={"kind": "phone"})
    assert changed.json()["speed_unit"] is None
    second = await known()
    assert (first[0], second[0]) == (pytest.approx(mps), None)
    assert first[1] != second[1]


async def test_the_documentation_says_of_a_secret_that_it_is_only_written(
    admin: httpx.AsyncClient,
) -> None:
    document = (await admin.get("http://test/openapi.json")).json()["components"]["schemas"]
    for schema in ("GivenDevice", "DeviceValues"):
        assert document[schema]["properties"]["owntracks_secret"]["writeOnly"] is True
    for schema in ("Device", "NewDevice"):
        assert "owntracks_secret" not in document[schema]["properties"]
    (choices, _) = document["Device"]["properties"]["speed_unit"]["anyOf"]
    assert set(choices["enum"]) == set(SPEEDS_MPS)
