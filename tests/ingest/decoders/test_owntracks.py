import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoders import owntracks
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

SHARED = Path(__file__).parents[4] / "shared"
LOCATION = b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.12,"tid":"AB"}'
FIX = Fix(1_772_399_045_000_000, 51.5, -0.12)


def decode(payload: bytes) -> Decoded:
    return owntracks.decode(payload, FIX.time_us)


def vectors() -> list[dict[str, object]]:
    file = SHARED / "PROTOCOL_VECTORS.json"
    if not file.exists():
        return []
    return [v for v in json.loads(file.read_text())["vectors"] if v["format"] == "owntracks"]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["origin"])
def test_real_messages_read_as_their_source_says(vector: dict[str, object]) -> None:
    (fix,) = decode(str(vector["text"]).encode()).fixes
    expect = vector["expect"]
    assert isinstance(expect, dict)
    if "time" in expect:
        when = datetime.fromisoformat(expect["time"])
        assert fix.time_us == int(when.timestamp()) * 1_000_000
    if "vel_kmh" in expect:
        assert fix.speed_mps == pytest.approx(expect["vel_kmh"] / 3.6)
    theirs = {"lat": fix.lat, "lon": fix.lon, "acc_m": fix.accuracy_m, "course": fix.heading_deg}
    assert {k: v for k, v in theirs.items() if k in expect} == {
        k: v for k, v in expect.items() if k in theirs
    }


def test_messages_from_traccars_tests_all_hold_one_fix() -> None:
    file = SHARED / "data/raw/owntracks/traccar_owntracks_payloads.jsonl"
    if not file.exists():
        pytest.skip("the folder of real messages is not beside the project")
    for line in file.read_bytes().splitlines():
        (fix,) = decode(line).fixes
        assert (fix.lat, fix.lon) == (json.loads(line)["lat"], json.loads(line)["lon"])
        assert fix.time_us == json.loads(line)["tst"] * 1_000_000


def test_every_field_arrives_in_its_own_place_and_unit() -> None:
    # From traccar/traccar's OwnTracksProtocolDecoderTest.
    payload = (
        b'{"cog":271,"lon":2.29513,"acc":5,"vel":61,"vac":21,"lat":48.85833,"tst":1497349316,'
        b'"alt":167,"_type":"location","tid":"JJ","t":"u","batt":67}'
    )
    assert decode(payload).fixes == [
        Fix(
            time_us=1_497_349_316_000_000,
            lat=48.85833,
            lon=2.29513,
            accuracy_m=5.0,
            speed_mps=61 / 3.6,
            heading_deg=271.0,
            altitude_m=167.0,
            battery_pct=67.0,
        )
    ]


def test_an_accuracy_of_nought_is_unknown_and_a_speed_of_nought_stays() -> None:
    (fix,) = decode(LOCATION[:-1] + b',"acc":0,"vel":0}').fixes
    assert fix.accuracy_m is None
    assert fix.speed_mps == 0.0


def test_numbers_written_as_text_are_read() -> None:
    (fix,) = decode(LOCATION[:-1] + b',"batt":"67"}').fixes
    assert fix.battery_pct == 67.0


def test_the_topic_in_a_message_says_nothing_of_whose_fix_it_is() -> None:
    (fix,) = decode(LOCATION[:-1] + b',"topic":"owntracks/eve/other"}').fixes
    assert fix.device is None


@pytest.mark.parametrize(
    "kind", ["lwt", "transition", "waypoint", "waypoints", "card", "cmd", "status", "brand-new"]
)
def test_other_types_hold_no_fix_and_are_no_error(kind: str) -> None:
    payload = json.dumps({"_type": kind, "tst": "x", "lat": {}, "lon": []}).encode()
    assert decode(payload) == Decoded([], [], [])


def test_an_empty_payload_clears_a_retained_message_and_is_nothing() -> None:
    assert decode(b"") == Decoded()


def test_a_list_is_read_and_a_bad_element_costs_only_itself() -> None:
    decoded = decode(b"[" + LOCATION + b',{"_type":"location"},7,' + LOCATION + b"]")
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 3])
    assert [bad.index for bad in decoded.rejected] == [1, 2]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"_type":"encrypted","data":"aUiEKyGn"}', "encrypted payloads are not supported yet"),
        (b'{"_type":"location","lat":1,"lon":2}', "missing required field `tst`"),
        (b'{"_type":"location","tst":1e300,"lat":1,"lon":2}', "not milliseconds"),
        (b'{"_type":"location","tst":1,"lat":{},"lon":2}', "lat: expected"),
        (b'{"lat":1,"lon":2,"tst":3}', "missing required field `_type`"),
        (b"17", "expected `object`, got `int`"),
        (LOCATION[:-4], "not OwnTracks JSON"),
        (b"\xff\xfe", "not OwnTracks JSON"),
        (b"[" * 100_000, "not OwnTracks JSON"),
    ],
)
def test_a_broken_message_is_told_apart_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode(payload)


@given(st.binary(max_size=60), st.integers(0, len(LOCATION)))
def test_whatever_bytes_come_the_decoder_answers_or_says_they_are_broken(
    noise: bytes, cut: int
) -> None:
    for payload in (noise, LOCATION[:cut] + noise + LOCATION[cut:]):
        try:
            decoded = decode(payload)
        except DecodeError as error:
            assert str(error)  # noqa: PT017 (either outcome is right; another exception is not)
        else:
            assert len(decoded.fixes) == len(decoded.indexes)
