import json
from typing import Any

import pytest

from ingest.decoders import overland
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
TIME = "2026-03-01T21:04:05Z"
POINT = {"type": "Point", "coordinates": [-0.12, 51.5]}
FIX = Fix(NOW, 51.5, -0.12)


def feature(**properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": POINT, "properties": {"timestamp": TIME} | properties}


def decode(*locations: object, **more: object) -> Decoded:
    return overland.decode(json.dumps({"locations": locations} | more).encode(), NOW)


def test_every_field_arrives_in_its_own_place_and_unit() -> None:
    said = {
        "altitude": 36,
        "speed": 1.5,
        "course": 270.0,
        "horizontal_accuracy": 5,
        "vertical_accuracy": 4,
        "speed_accuracy": -1,
        "motion": ["walking"],
        "battery_level": 0.79,
        "battery_state": "unplugged",
        "wifi": "",
        "device_id": "pc7",
        "unique_id": "2FB04C65",
    }
    (fix,) = decode(feature(**said)).fixes
    assert fix == Fix(NOW, 51.5, -0.12, 5.0, 1.5, 270.0, 36.0, 79.0, "pc7")


def test_what_is_below_nought_is_unknown() -> None:
    said = {"speed": -1, "course": -1, "battery_level": -1, "altitude": 0, "vertical_accuracy": -1}
    assert decode(feature(**said, device_id="")).fixes == [FIX]


def test_a_nought_that_was_measured_stays() -> None:
    said = {"speed": 0, "course": 0, "battery_level": 0, "altitude": 0, "vertical_accuracy": 0}
    (fix,) = decode(feature(**said)).fixes
    assert fix == Fix(NOW, 51.5, -0.12, None, 0.0, 0.0, 0.0, 0.0)


def test_an_accuracy_rounded_to_nought_is_unknown() -> None:
    assert decode(feature(horizontal_accuracy=0)).fixes == [FIX]


def test_a_position_that_ios_calls_invalid_is_kept_but_never_counted() -> None:
    (fix,) = decode(feature(horizontal_accuracy=-1)).fixes
    assert fix.accuracy_m == STALE_ACCURACY_M


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-01T21:04:05Z",
        "2026-03-01T13:04:05-0800",
        "2026-03-01T22:04:05+01:00",
        "2026-03-01T21:04:05.000Z",
    ],
)
def test_times_have_offsets_with_and_without_a_colon(time: str) -> None:
    assert decode(feature(timestamp=time)).fixes == [FIX]


def test_what_the_app_did_and_trips_are_no_fixes() -> None:
    decoded = decode(
        feature(action="visit", arrival_date=None),
        {"type": "Feature", "properties": {"timestamp": TIME, "action": "paused"}},
        feature(type="trip", mode="walk", distance=12),
        feature(),
        {"type": "Feature", "geometry": None, "properties": {"timestamp": TIME}},
        trip={"mode": "walk", "start": TIME},
    )
    assert decoded == Decoded([FIX], [3], [])


def test_the_current_point_follows_the_batch() -> None:
    decoded = decode(feature(), current=feature(timestamp="2026-03-01T21:05:05Z"))
    assert [fix.time_us - NOW for fix in decoded.fixes] == [0, 60_000_000]
    assert decoded.indexes == [0, 1]
    assert decode(feature(), current=None).indexes == [0]


def test_a_bad_point_costs_only_itself_and_nobody_else_in_the_batch() -> None:
    bad = [
        feature(timestamp="soon"),
        {"type": "Feature", "geometry": POINT, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1]}, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {}},
        feature(speed={}),
        feature() | {"properties": None},
        17,
    ]
    decoded = decode(feature(), *bad, feature())
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 8])
    assert [bad.index for bad in decoded.rejected] == list(range(1, 8))
    # A batch of bad ones is still answered with "ok"; anything else would bring it back for ever.
    assert len(decode(*bad).rejected) == 7


def test_a_number_that_is_none_costs_only_itself() -> None:
    payload = json.dumps({"locations": [feature(speed=float("nan")), feature(), feature()]})
    assert overland.decode(payload.encode(), NOW).indexes == [0, 1, 2]


def test_in_its_owntracks_mode_it_posts_locations_that_count_from_2001() -> None:
    sent = {"_type": "location", "tst": NOW // 1_000_000 - 978_307_200, "lat": 51.5, "lon": -0.12}
    said = {"acc": 5, "alt": 36, "vac": 4, "batt": 79, "bs": 1, "tid": "p7"}
    decoded = overland.decode(json.dumps(sent | said).encode(), NOW)
    assert decoded.fixes == [Fix(NOW, 51.5, -0.12, 5.0, None, None, 36.0, 79.0)]
    with pytest.raises(DecodeError, match="tst"):
        overland.decode(b'{"_type":"location"}', NOW)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"locations":{}}', b"x", b"[" * 100_000])
def test_what_is_no_batch_is_broken(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        overland.decode(payload, NOW)


def test_the_answer_is_the_only_one_that_the_app_takes() -> None:
    assert json.loads(overland.ANSWER) == {"result": "ok"}
