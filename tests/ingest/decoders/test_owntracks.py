import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import owntracks
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

SHARED = Path(__file__).parents[4] / "shared"
LOCATION = b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.12,"tid":"AB"}'
FIX = Fix(1_772_399_045_000_000, 51.5, -0.12)


def decode(payload: bytes) -> Decoded:
    return owntracks.decode(payload, FIX.time_us)


@pytest.mark.parametrize("vector", vectors("owntracks"))
def test_real_messages_read_as_their_source_says(vector: dict[str, Any]) -> None:
    (fix,) = decode(vector["text"].encode()).fixes
    expect = vector["expect"]
    if "time" in expect:
        when = datetime.fromisoformat(expect["time"])
        assert fix.time_us == int(when.timestamp()) * 1_000_000
    if "vel_kmh" in expect:
        assert fix.speed_mps == pytest.approx(expect["vel_kmh"] / 3.6)
    if "speed_kn" in expect:
        assert fix.speed_mps == pytest.approx(expect["speed_kn"] * 1852 / 3600)
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
    "kind", ["waypoint", "waypoints", "card", "cmd", "status", "steps", "beacon", "brand-new"]
)
def test_other_types_hold_no_fix_and_are_no_error(kind: str) -> None:
    payload = json.dumps({"_type": kind, "tst": "x", "lat": {}, "lon": []}).encode()
    assert decode(payload) == Decoded([], [], [])


@pytest.mark.parametrize(
    ("sent", "speed", "heading", "altitude"),
    [
        ('"vel":0,"cog":0,"alt":0', None, None, None),
        ('"vel":0,"alt":0', None, None, None),
        ('"vel":0,"cog":0,"alt":35', 0.0, None, 35.0),
        ('"vel":36,"cog":0,"alt":0', 10.0, 0.0, None),
        ('"vel":0,"cog":90', 0.0, 90.0, None),
        ('"tid":"AB"', None, None, None),
    ],
)
def test_android_s_noughts_are_unknown_where_nothing_was_measured(
    sent: str, speed: float | None, heading: float | None, altitude: float | None
) -> None:
    (fix,) = decode(LOCATION[:-1] + b"," + sent.encode() + b"}").fixes
    assert (fix.speed_mps, fix.heading_deg, fix.altitude_m) == (speed, heading, altitude)


@pytest.mark.parametrize("acc", ["0", "-1", "0.0"])
def test_an_accuracy_that_is_none_is_unknown(acc: str) -> None:
    assert decode(LOCATION[:-1] + f',"acc":{acc}}}'.encode()).fixes == [FIX]
    assert decode(LOCATION[:-1] + b',"acc":0.5}').fixes[0].accuracy_m == 0.5


def test_a_ping_says_where_the_phone_was_and_is_never_counted() -> None:
    (fix,) = decode(LOCATION[:-1] + b',"acc":5,"t":"p"}').fixes
    assert (fix.time_us, fix.accuracy_m) == (FIX.time_us, STALE_ACCURACY_M)
    for other in (b'"u"', b"7", b"null"):
        assert decode(LOCATION[:-1] + b',"t":' + other + b"}") == Decoded([FIX], [0], [])


@pytest.mark.parametrize("tst", [b"", b',"tst":"x"', b',"tst":1772300000', b',"tst":"1380738247"'])
def test_a_lost_link_is_noted_when_it_was_noticed_not_when_it_was_made(tst: bytes) -> None:
    decoded = decode(b'{"_type":"lwt"' + tst + b"}")
    assert decoded == Decoded([], [], [], (Event(FIX.time_us, "offline"),), (0,))


@pytest.mark.parametrize(
    ("event", "word"), [("enter", "region_entered"), ("leave", "region_left"), ("dwell", "dwell")]
)
def test_a_transition_is_an_event_where_the_phone_was(event: str, word: str) -> None:
    # After the example in the booklet: lat and lon are the phone's, wtst is the region's.
    sent = {"_type": "transition", "wtst": 1, "tst": 1772399045, "acc": 26, "event": event}
    sent |= {"desc": "Station", "t": "c", "tid": "AB"}
    with_place = json.dumps(sent | {"lat": 51.5, "lon": -0.12}).encode()
    assert decode(with_place).fixes == [
        Fix(FIX.time_us, 51.5, -0.12, accuracy_m=26.0, event=word),
    ]
    without = decode(json.dumps(sent).encode())
    half = decode(json.dumps(sent | {"lat": 51.5}).encode())
    assert half == without
    assert (without.fixes, without.events) == ([], (Event(FIX.time_us, word, None, "Station"),))


@pytest.mark.parametrize("days", [0.0, 0.9, -20.0, -59.0])
def test_overland_s_owntracks_mode_counts_from_2001(days: float) -> None:
    meant = 1_772_399_045 + round(days * 86_400)
    sent = LOCATION.replace(b"1772399045", str(meant - 978_307_200).encode())
    assert decode(sent).fixes == [Fix(meant * 1_000_000, 51.5, -0.12)]


@pytest.mark.parametrize("days", [2.0, -61.0])
def test_a_clock_that_is_merely_wrong_is_left_to_screening(days: float) -> None:
    tst = 1_772_399_045 - 978_307_200 + round(days * 86_400)
    (fix,) = decode(LOCATION.replace(b"1772399045", str(tst).encode())).fixes
    assert fix.time_us == tst * 1_000_000


def test_a_number_that_is_none_costs_no_neighbour() -> None:
    bad = LOCATION[:-1] + b',"vel":NaN}'
    assert decode(b"[" + bad + b"," + LOCATION + b"]").indexes == [0, 1]


def test_an_encrypted_element_of_a_list_costs_only_itself() -> None:
    decoded = decode(b'[{"_type":"encrypted","data":""},' + LOCATION + b"]")
    assert (decoded.fixes, decoded.indexes) == ([FIX], [1])


def test_an_empty_payload_clears_a_retained_message_and_is_nothing() -> None:
    assert decode(b"") == Decoded()


def test_a_list_is_read_and_a_bad_element_costs_only_itself() -> None:
    decoded = decode(b"[" + LOCATION + b',{"_type":"location"},7,' + LOCATION + b"]")
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 3])
    assert [bad.index for bad in decoded.rejected] == [1, 2]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"_type":"encrypted","data":"aUiEKyGn"}', "no `owntracks_secret`"),
        (b'{"_type":"location","lat":1,"lon":2}', "missing required field `tst`"),
        (b'{"_type":"location","tst":1e300,"lat":1,"lon":2}', "not milliseconds"),
        (b'{"_type":"location","tst":1,"lat":{},"lon":2}', "lat: expected"),
        (b'{"lat":1,"lon":2,"tst":3}', "missing required field `_type`"),
        (b'{"_type":"transition","tst":1}', "missing required field `event`"),
        (b'{"_type":"transition","tst":1,"event":"\\u0000"}', "NUL"),
        (b"17", "expected `object`, got `int`"),
        (LOCATION[:-4], "not OwnTracks JSON"),
        (b"\xff\xfe", "not OwnTracks JSON"),
        (b"[" * 100_000, "not OwnTracks JSON"),
    ],
)
def test_a_broken_message_is_told_apart_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode(payload)
