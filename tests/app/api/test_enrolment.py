import csv

import httpx
import pytest
from callers import TokenFor

from app.access.secrets import digest
from app.storage import directory
from app.storage.engine import Database

TABLE = """\
Device,Type,Profile,OwnTracks,ISSI,Addresses,Speaks for
phone-03,phone,,pc1234/phone,,,
radio-7,radio,,,2167005,dmr:77; lip:2167005,
dimetra,gateway,,,,,radio-7; radio-9
"""


async def enrol(admin: httpx.AsyncClient, table: str) -> httpx.Response:
    return await admin.post("/devices/enrol", content=table, headers={"Content-Type": "text/csv"})


async def test_a_table_of_devices_is_answered_with_their_keys(
    admin: httpx.AsyncClient, database: Database
) -> None:
    await admin.post("/devices", json={"name": "radio-9", "kind": "radio"})
    answer = await enrol(admin, TABLE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    heading, *rows = csv.reader(answer.text.splitlines())
    assert heading == ["name", "key"]
    assert [name for name, _ in rows] == ["phone-03", "radio-7", "dimetra"]
    async with database.read() as reader:
        found = [await directory.by_key(reader, digest(key)) for _, key in rows]
    assert [one.name for one in found if one] == [name for name, _ in rows]
    assert found[-1] is not None
    assert set(found[-1].speaks_for) == {"radio-7", "radio-9", "2167005", "77"}
    listed = {one["name"]: one for one in (await admin.get("/devices")).json()["items"]}
    assert listed["radio-7"]["addresses"] == [
        {"kind": "issi", "address": "2167005"},
        {"kind": "dmr", "address": "77"},
        {"kind": "lip", "address": "2167005"},
    ]
    assert listed["phone-03"]["profile"] == "phone"
    keys = (await admin.get("/devices/radio-7/keys")).json()["items"]
    assert [key["mqtt"] for key in keys] == [True]


async def test_every_problem_is_named_by_row_and_column_and_nothing_is_stored(
    admin: httpx.AsyncClient,
) -> None:
    phone = {
        "name": "phone-01",
        "kind": "phone",
        "addresses": [{"kind": "owntracks", "address": "pc1/phone"}],
    }
    await admin.post("/devices", json=phone)
    rows = [
        "good-1,phone,,,,,",
        "phone-01,phone,,,,,",
        "good-1,phone,,,,,",
        "a/b,phone,,,,,",
        "a+b,phone,,,,,",
        "#,phone,,,,,",
        ",phone,,,,,",
        "p-2,drone,,,,,",
        "p-3,phone,none,,,,",
        "p-4,phone,,pc1/phone,,,",
        "p-5,phone,,pc5/#,,,",
        "p-6,radio,,,5,,",
        "p-7,radio,,,5,,",
        "p-8,radio,,,,nonsense,",
        "p-9,phone,,,,,good-1",
        "p-10,gateway,,,,,nobody",
    ]
    answer = await enrol(admin, TABLE.splitlines()[0] + "\n" + "\n".join(rows) + "\n")
    assert answer.status_code == 422
    problem = answer.json()
    found = {(one["row"], one["column"].split()[0]) for one in problem["errors"]}
    places = {3: "A", 4: "A", 5: "A", 6: "A", 7: "A", 8: "A", 9: "B", 10: "C", 11: "D", 12: "D"}
    assert found == set((places | {14: "E", 15: "F", 16: "G", 17: "G"}).items())
    assert "bkd_" not in answer.text
    assert [one["name"] for one in (await admin.get("/devices")).json()["items"]] == ["phone-01"]


@pytest.mark.parametrize(
    ("table", "status", "said"),
    [
        ("", 400, "is empty"),
        ("name\nphone-01\n", 422, "needs a column kind"),
        ("\x00\x01", 400, "neither CSV nor XLSX"),
    ],
)
async def test_what_is_no_table_of_devices_is_refused(
    admin: httpx.AsyncClient, table: str, status: int, said: str
) -> None:
    answer = await enrol(admin, table)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


async def test_only_an_administrator_enrols(
    stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    assert (await enrol(stranger, TABLE)).status_code == 401
    for role in ("analyst", "auditor"):
        stranger.headers.update(await token_for(role))
        assert (await enrol(stranger, TABLE)).status_code == 403
