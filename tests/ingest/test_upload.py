"""Uploads of track files: who may, how large and how slow, and what they are answered."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from memory import NOW_US, Storage, identify
from trackmaking import WALK, csv, fit, gpx, kml, tcx

from ingest import upload
from ingest.errors import IngestError, StorageUnavailable
from ingest.intake import Intake
from ingest.upload import MOST_AT_ONCE, MOST_OF_ONE, Uploads
from ingest.uploadbody import Limits

RADIO = {"Authorization": "Bearer radio-key"}
GATEWAY = {"X-Device-Key": "gateway-key"}
NOTHING_REJECTED = {
    "rejected_count": 0,
    "rejected": [],
    "unknown_devices": [],
    "columns_not_read": [],
    "error": None,
}


@pytest.fixture
def uploads(intake: Intake) -> Uploads:
    limits = Limits(max_bytes=100_000, timeout_s=0.2)
    return Uploads(intake, identify, lambda: NOW_US, limits, max_unpacked_bytes=1_000_000)


@pytest.fixture
def app(uploads: Uploads) -> FastAPI:
    app = FastAPI()
    app.include_router(upload.router)
    app.state.uploads = uploads

    # Which error reaches the edge is tested here; its status is the business of app/api/errors.py.
    @app.exception_handler(IngestError)
    async def named(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": type(error).__name__, "detail": str(error)}, 418)

    return app


async def test_a_file_is_told_by_its_content_and_may_come_again(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    kinds = {"gpx": gpx(), "tcx": tcx(), "kml": kml(), "fit": fit(), "csv": csv()}
    for number, (kind, content) in enumerate(kinds.items()):
        answer = await client.post("/ingest/files", content=content, headers=RADIO)
        counts = {"accepted": 0, "duplicates": len(WALK)}
        if number == 0:
            counts = {"accepted": len(WALK), "duplicates": 0}
        (file,) = answer.json()["files"]
        named = {"file": "the file", "kind": kind, "found": len(WALK)}
        assert file == named | counts | NOTHING_REJECTED
        assert answer.json().items() >= counts.items()
    assert {device for device, _ in storage.fixes} == {7}


async def test_a_form_brings_several_files_and_each_has_its_receipt(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    files = {
        "file": ("C:\\logger\\walk.gpx.gz", gzip.compress(gpx().encode())),
        "other": ("../ride.csv", csv([(51.6, 0), (91, 0), (51.6, 0)]).encode()),
        "third": ("notes.txt", b"nothing of use"),
        "fourth": ("empty.csv", b""),
    }
    answer = await client.post("/ingest/files/radio-key", files=files, data={"note": "x"})
    said = answer.json()
    assert [(one["file"], one["kind"], one["found"]) for one in said["files"]] == [
        ("walk.gpx.gz", "gpx", 5),
        ("ride.csv", "csv", 2),
        ("notes.txt", None, 0),
        ("empty.csv", None, 0),
    ]
    refused = {
        "place": "line 3",
        "reason": "malformed",
        "detail": "lat '91' is not within -90 to 90",
    }
    assert (said["accepted"], said["duplicates"]) == (5, 2)
    assert (said["rejected_count"], said["files"][1]["rejected"]) == (1, [refused])
    assert "rejected" not in said  # which could not say of which file
    why = "notes.txt has no column time, lat, lon; its first line names: nothing of use"
    assert said["files"][2]["error"] == why
    broken, _ = storage.broken
    assert (broken.payload, broken.reason, broken.format) == (b"nothing of use", why, "files")


async def test_a_file_that_is_no_use_is_refused_and_kept_in_part(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    answer = await client.post("/ingest/files", content=b"\xff" * 5000, headers=RADIO)
    why = "the file is no track: neither CSV, GPX, FIT, TCX nor KML"
    assert answer.json() == {"error": "DecodeError", "detail": why}
    (broken,) = storage.broken
    assert broken.payload == b"\xff" * 1024
    assert not storage.fixes


async def test_fixes_are_of_the_sender_or_of_whom_a_gateway_names(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    body = csv(device="radio-8") + csv(device="radio-9").partition("\n")[2]
    for headers, url, accepted, strangers in (
        (RADIO, "", 0, ["radio-8", "radio-9"]),
        (GATEWAY, "", 5, ["radio-9"]),
    ):
        answer = await client.post(f"/ingest/files{url}", content=body, headers=headers)
        (file,) = answer.json()["files"]
        assert (file["accepted"], file["unknown_devices"]) == (accepted, strangers)
        assert file["rejected"][-1]["place"] == "line 11"
        assert file["rejected"][-1]["reason"] == "unknown_device"
    unnamed = await client.post("/ingest/files", content=gpx(), headers=GATEWAY)
    assert "names a device in each fix" in unnamed.json()["files"][0]["rejected"][0]["detail"]
    named = await client.post("/ingest/files?device=radio-7", content=gpx(), headers=GATEWAY)
    assert named.json()["accepted"] == 5
    assert {device for device, _ in storage.fixes} == {7, 8}


async def test_strangers_and_bodies_of_no_kind_are_refused(client: httpx.AsyncClient) -> None:
    form = RADIO | {"Content-Type": "multipart/form-data; boundary=x"}
    no_boundary = RADIO | {"Content-Type": "multipart/form-data"}
    refused = [
        ({}, b"", "Unauthorised"),
        ({"X-Device-Key": "nobody's"}, b"", "Unauthorised"),
        (RADIO | {"Content-Encoding": "br"}, b"", "EncodingRefused"),
        (RADIO, b"x" * 100_001, "BodyTooLarge"),
        (RADIO, b"", "DecodeError"),
        (form, b"no form", "DecodeError"),
        (form, b"--x--\r\n", "DecodeError"),
        (no_boundary, b"", "DecodeError"),
    ]
    for headers, body, error in refused:
        answer = await client.post("/ingest/files", content=body, headers=headers)
        assert answer.json()["error"] == error, answer.text


async def test_a_body_of_unknown_length_is_cut_off_where_it_is_too_long_or_too_slow(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    async def long() -> AsyncIterator[bytes]:
        for _ in range(101):
            yield b"x" * 1000

    async def slow() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    for body, error in ((long(), "BodyTooLarge"), (slow(), "BodyTooSlow")):
        answer = await client.post("/ingest/files", content=body, headers=RADIO)
        assert answer.json()["error"] == error
    assert not storage.broken


async def test_a_body_that_keeps_coming_may_take_longer_than_the_first_wait(
    client: httpx.AsyncClient,
) -> None:
    rows = "".join(f"{1_577_836_800 + second},51.5,-0.1\n" for second in range(3600))
    text = f"time,lat,lon\n{rows}"

    async def steady() -> AsyncIterator[bytes]:
        for start in range(0, len(text), 8000):
            yield text[start : start + 8000].encode()
            await asyncio.sleep(0.05)

    answer = await client.post("/ingest/files", content=steady(), headers=RADIO)
    assert answer.json()["accepted"] == 3600


async def test_storage_that_goes_away_is_told_and_the_same_is_welcome_again(
    client: httpx.AsyncClient, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.trackintake.BLOCK_POINTS", 2)
    storage.away_lat = WALK[3][0]
    answer = await client.post("/ingest/files", content=gpx(), headers=RADIO)
    assert answer.json() == {
        "error": "TryAgain",
        "detail": "storage is away, with 2 fixes stored; send the same again",
    }
    storage.away_lat = None
    again = await client.post("/ingest/files", content=gpx(), headers=RADIO)
    assert (again.json()["accepted"], again.json()["duplicates"]) == (3, 2)


async def test_a_file_broken_off_is_used_so_far_and_its_receipt_says_so(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    cut = gpx().partition("</trkseg>")[0]
    answer = await client.post("/ingest/files", content=cut, headers=RADIO)
    (file,) = answer.json()["files"]
    assert file["accepted"] == 5
    assert file["error"].startswith("the file breaks off in line ")
    assert file["error"].endswith(" (what comes before is used)")
    assert not storage.broken


async def test_more_uploads_than_there_is_room_for_are_asked_to_come_again(
    client: httpx.AsyncClient, uploads: Uploads
) -> None:
    uploads.under_way = [f"radio-{number}" for number in range(MOST_AT_ONCE)]
    answer = await client.post("/ingest/files", content=gpx(), headers=GATEWAY)
    assert answer.json()["error"] == "TryAgain"
    uploads.under_way.pop()
    answer = await client.post("/ingest/files", content=gpx(), headers=RADIO)
    assert answer.json()["accepted"] == 5
    assert len(uploads.under_way) == MOST_AT_ONCE - 1


async def test_one_sender_takes_no_other_s_place(
    client: httpx.AsyncClient, uploads: Uploads
) -> None:
    uploads.under_way = ["radio-7"] * MOST_OF_ONE
    refused = await client.post("/ingest/files", content=gpx(), headers=RADIO)
    assert refused.json()["error"] == "TryAgain"
    assert "with this key" in refused.json()["detail"]
    taken = await client.post("/ingest/files?device=radio-8", content=gpx(), headers=GATEWAY)
    assert taken.json()["accepted"] == 5


async def test_no_upload_holds_its_place_for_hours(
    client: httpx.AsyncClient, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.uploadbody.LONGEST_S", 0.1)

    async def steady() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 5000
            await asyncio.sleep(0.02)

    answer = await client.post("/ingest/files", content=steady(), headers=RADIO)
    assert answer.json()["error"] == "BodyTooSlow"
    assert "longer than" in answer.json()["detail"]
    assert not uploads.under_way


async def test_what_storage_throws_at_a_file_reaches_the_edge(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    storage.failures = [StorageUnavailable("gone"), StorageUnavailable("gone")]
    for body in (gpx().encode(), b"nothing"):
        answer = await client.post("/ingest/files", content=body, headers=RADIO)
        assert answer.json()["error"] in {"TryAgain", "StorageUnavailable"}
    assert not storage.broken


async def test_the_documents_example_has_all_that_is_required() -> None:
    app = FastAPI()
    app.include_router(upload.router)
    (said,) = (one["responses"]["200"] for one in [app.openapi()["paths"]["/ingest/files"]["post"]])
    schema = said["content"]["application/json"]["schema"]
    example = schema["example"]
    assert set(example) == set(schema["required"])
    assert set(example["files"][0]) == set(schema["properties"]["files"]["items"]["required"])


async def test_fixes_that_cannot_be_true_are_read_and_counted_with_their_reasons(
    client: httpx.AsyncClient,
) -> None:
    body = "time,lat,lon,hdop\n1901-01-01T00:00:00Z,51,0,1\n"
    answer = await client.post("/ingest/files", content=body, headers=RADIO)
    (file,) = answer.json()["files"]
    assert (answer.status_code, file["accepted"], file["rejected_count"]) == (200, 0, 1)
    assert file["rejected"][0]["reason"] == "ancient"
    assert file["columns_not_read"] == ["hdop"]
