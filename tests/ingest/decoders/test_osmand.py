import json
from datetime import datetime
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest import intake, units
from ingest.decoders import osmand
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded, Message
from ingest.sender import Sender

NOW = 1_772_399_045_000_000
QUERY = b"id=pc7&lat=51.5&lon=-0.12&timestamp=1772399045"
FIX = Fix(NOW, 51.5, -0.12, device="pc7")
COORDS = {"latitude": 51.5, "longitude": -0.12}
LOCATION = {"timestamp": "2026-03-01T21:04:05.000Z", "coords": COORDS}


def decode(payload: bytes) -> Decoded:
    return osmand.decode(payload, NOW)


def microseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def agrees(fix: Fix, expect: dict[str, Any]) -> None:
    ours: dict[str, Any] = {
        "id": fix.device,
        "lat": fix.lat,
        "lon": fix.lon,
        "acc_m": fix.accuracy_m,
        "speed_mps": fix.speed_mps,
        "speed_kn": None if fix.speed_mps is None else fix.speed_mps * 3600 / 1852,
        "course": fix.heading_deg,
        "alt_m": fix.altitude_m,
        "batt": fix.battery_pct,
        "batt_pct": fix.battery_pct,
        "event": fix.event,
    }
    for name, value in expect.items():
        if name in ours:
            assert ours[name] == pytest.approx(value), name
    time = expect.get("time", expect.get("time_local", "server receive time"))
    if time == "server receive time":
        return
    if "unspecified" in time:
        time = time.removesuffix(" (zone unspecified)") + "Z"
    assert fix.time_us == microseconds(time)


@pytest.mark.parametrize("vector", vectors("osmand-query"))
def test_queries_read_as_their_source_says(vector: dict[str, Any]) -> None:
    payload, expect = vector["text"].encode(), vector["expect"]
    if "reject" in expect:
        # Traccar has no other way to know who it is; here a device's own key may have said so.
        message = Message(payload, "osmand", NOW, Sender("gateway", None, {"pc7": 7}))
        (refused,) = intake.read(message).decoded.rejected
        assert refused.detail.startswith("device: missing")
        return
    decoded = decode(payload)
    if "lat" in expect and expect["lat"] is None:
        assert decoded == Decoded([], [], [])
        return
    (fix,) = decoded.fixes
    agrees(fix, expect)
    if expect.get("time") == "server receive time":
        assert fix.time_us == NOW


@pytest.mark.parametrize("vector", vectors("traccar-client-json"))
def test_json_of_generation_9_reads_as_its_source_says(vector: dict[str, Any]) -> None:
    (fix,) = decode(vector["text"].encode()).fixes
    agrees(fix, vector["expect"])


@pytest.mark.parametrize(
    "payload",
    [
        QUERY,
        b"?" + QUERY,
        b"/?" + QUERY,
        b"/some/path?" + QUERY,
        QUERY + b"\r\n",
        QUERY.replace(b"id=", b"deviceid="),
        b"id=pc7&location=51.5,-0.12&timestamp=1772399045",
        b"id=pc7&location=51.5%2C-0.12&timestamp=1772399045000",
        b"id=pc7&lat=51.5&lon=-0.12&timestamp=2026-03-01T21%3A04%3A05Z",
        b"id=pc7&lat=51.5&lon=-0.12&timestamp=2026-03-01+21%3A04%3A05",
        b"id=pc7&lat=51.5&lon=-0.12&timestamp=2026-03-01T22:04:05%2B0100",
        QUERY + b"&valid=true&cell=257,02,16,2224&cell=257,02,16,2223,-90&rpm=933&speed=&batt=-1",
        b'{"id":"pc7","lat":51.5,"lon":-0.12,"timestamp":1772399045}',
        b'{"id":"pc7","lat":"51.5","lon":"-0.12","timestamp":"1772399045"}',
        b'[{"id":"pc7","lat":51.5,"lon":-0.12,"timestamp":1772399045000}]',
        json.dumps({"location": LOCATION, "device_id": "pc7"}).encode(),
        json.dumps({"location": [LOCATION], "device_id": "pc7"}).encode(),
    ],
)
def test_every_generation_gives_the_same_fix(payload: bytes) -> None:
    assert decode(payload) == Decoded([FIX], [0], [])


def test_parameters_arrive_in_their_own_place_and_unit() -> None:
    decoded = decode(QUERY + b"&speed=40&bearing=7.5&altitude=35.5&accuracy=6&batt=80&alarm=sos")
    assert decoded.fixes == [
        Fix(
            time_us=NOW,
            lat=51.5,
            lon=-0.12,
            accuracy_m=6.0,
            speed_mps=40 * 1852 / 3600,
            heading_deg=7.5,
            altitude_m=35.5,
            battery_pct=80.0,
            device="pc7",
            event="emergency",
        )
    ]


@pytest.mark.parametrize(
    ("unit", "speed"), [(1.0, 36.0), (units.KMH_MPS, 10.0), (units.MPH_MPS, 16.09344)]
)
def test_a_device_may_send_its_speed_in_another_unit(unit: float, speed: float) -> None:
    (fix,) = osmand.decode(QUERY + b"&speed=36", NOW, speed_unit_mps=unit).fixes
    assert fix.speed_mps == pytest.approx(speed)


def test_json_of_generation_9_is_in_metres_a_second_and_its_battery_a_fraction() -> None:
    coords = COORDS | {"speed": 18.67, "heading": 63, "accuracy": 3.8, "altitude": 35.7}
    location = LOCATION | {"coords": coords, "battery": {"level": 0.79}, "alarm": "sos"}
    payload = json.dumps({"location": location, "device_id": 7}).encode()
    (fix,) = osmand.decode(payload, NOW, speed_unit_mps=units.KNOT_MPS).fixes
    assert fix == Fix(NOW, 51.5, -0.12, 3.8, 18.67, 63.0, 35.7, 79.0, "7", "emergency")


@pytest.mark.parametrize(
    ("message", "events"),
    [
        (b"id=pc7&timestamp=1772399044&batt=80", ()),
        (b"id=pc7&notificationToken=abc", ()),
        (b"id=pc7&timestamp=1772399044&lat=&lon=&alarm=sos", ("emergency", NOW - 1_000_000)),
        (b"id=pc7&alarm=lowBattery", ("battery_low", NOW)),
        (b"id=pc7&alarm=powerOn", ("power_on", NOW)),
        (b"id=pc7&alarm=powerOff", ("power_off", NOW)),
        (b"id=pc7&alarm=tow", ("tow", NOW)),
        (QUERY + b"&valid=false", ("gps_lost", NOW)),
        (QUERY + b"&valid=0&alarm=sos", ("emergency", NOW)),
        (b'{"location":{"timestamp":1772399044},"device_id":"pc7"}', ()),
        (
            b'{"location":{"timestamp":1772399044,"alarm":"sos"},"device_id":"pc7"}',
            ("emergency", NOW - 1_000_000),
        ),
    ],
)
def test_a_message_without_a_valid_position_is_no_fix(
    message: bytes, events: tuple[str, int] | tuple[()]
) -> None:
    decoded = decode(message)
    assert (decoded.fixes, decoded.rejected) == ([], [])
    assert decoded.events == ((Event(events[1], events[0], "pc7"),) if events else ())


def test_a_made_up_position_says_so() -> None:
    native = json.dumps({"location": LOCATION | {"mock": True}, "device_id": "pc7"}).encode()
    flat = b'{"id":"pc7","lat":51.5,"lon":-0.12,"mock":true}'
    for payload in (QUERY + b"&mock=true", QUERY + b"&mock=1", native, flat):
        assert decode(payload).fixes[0].event == "mock"
    assert decode(QUERY + b"&mock=false").fixes[0].event is None


def test_a_heading_has_two_names() -> None:
    assert decode(QUERY + b"&heading=7.5").fixes[0].heading_deg == 7.5


def test_a_bad_element_of_a_list_costs_only_itself() -> None:
    good = {"id": "pc7", "lat": 51.5, "lon": -0.12, "timestamp": 1772399045}
    flat = [good, good | {"lat": None}, 7, {"lat": 1}, good]
    decoded = decode(json.dumps(flat).encode())
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 4])
    assert [bad.index for bad in decoded.rejected] == [1, 2, 3]
    nested = {"location": [LOCATION, {"coords": COORDS}, None, LOCATION], "device_id": "pc7"}
    decoded = decode(json.dumps(nested).encode())
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 3])
    assert "timestamp" in decoded.rejected[0].detail


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "neither JSON nor parameters"),
        (b"hello", "neither JSON nor parameters"),
        (b"a=1&" * 600, "parameters"),
        (b"lat=1", "lon: missing"),
        (b"latitude=1&longitude=2", "lat, lon: missing"),
        (b"id=7&lat=1", "lon: missing"),
        (b"id=7&lat=x&lon=2", "lat: expected a number"),
        (b"id=7&lat=nan&lon=2", "lat: expected a number"),
        (b"id=7&location=51.5", "lon: expected a number"),
        (b"id=7&lat=1&lon=2&timestamp=yesterday", "time: 'yesterday'"),
        (b"id=7&lat=1&lon=2&timestamp=2026-03-01", "a day, not a moment"),
        (b"id=7&lat=1&lon=2&timestamp=" + b"9" * 40, "neither seconds nor milliseconds"),
        (b"id=7&lat=1&lon=2&timestamp=" + b"9" * 4000, "expected seconds"),
        (b"id=7%00&lat=1&lon=2", "NUL"),
        (b'{"id":7}{', "not JSON of Traccar Client"),
        (b'{"location":{"coords":{}},"device_id":1}', "timestamp|latitude"),
        (b'{"id":1,"lat":1,"lon":2,"timestamp":{}}', "time: expected"),
        (b'{"id":"\\ud800","lat":1,"lon":2}', "not Unicode"),
    ],
)
def test_a_broken_message_is_told_apart_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode(payload)
