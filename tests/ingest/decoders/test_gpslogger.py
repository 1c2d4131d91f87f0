import json

import pytest

from ingest.decoders import gpslogger
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
QUERY = b"lat=51.5&lon=-0.12&timestamp=1772399045"
FIX = Fix(NOW, 51.5, -0.12)
# What %ALL expands to, in the order of the app's own list of parameters.
ALL = (
    b"lat=51.5&lon=-0.12&sat=9&desc=&alt=35.5&acc=6.0&dir=270.0&prov=gps&spd_kph=5.4&spd=1.5"
    b"&timestamp=1772399045&timeoffset=2026-03-01T21:04:05.000%2B00:00&time=2026-03-01T21:04:05.000Z"
    b"&starttimestamp=1772390000&date=2026-03-01&batt=80.0&ischarging=false&aid=6f3b&ser=unknown"
    b"&act=&filename=20260301&profile=Default&hdop=&vdop=&pdop=&dist=12&"
)


def decode(payload: bytes) -> Decoded:
    return gpslogger.decode(payload, NOW + 3_600_000_000)


def test_the_app_s_own_parameters_arrive_in_their_place_and_unit() -> None:
    decoded = decode(ALL)
    assert decoded == Decoded([Fix(NOW, 51.5, -0.12, 6.0, 1.5, 270.0, 35.5, 80.0)], [0], [])


@pytest.mark.parametrize(
    "payload",
    [
        QUERY,
        b"?" + QUERY,
        QUERY.replace(b"lat", b"LAT"),
        b"lat=51.5&lon=-0.12&time=2026-03-01T21%3A04%3A05.000Z",
        b"lat=51.5&lon=-0.12&timestamp=&timeoffset=2026-03-01T22:04:05.000%2B01:00",
        b'{"lat":51.5,"lon":-0.12,"timestamp":1772399045}',
        b'{"lat":"51.5","lon":"-0.12","timestamp":"1772399045","hdop":""}',
        b'[{"lat":51.5,"lon":-0.12,"time":"2026-03-01T21:04:05Z"}]',
    ],
)
def test_query_form_and_json_give_the_same_fix(payload: bytes) -> None:
    assert decode(payload) == Decoded([FIX], [0], [])


@pytest.mark.parametrize(
    ("sent", "speed", "heading", "altitude"),
    [
        (b"&spd=0.0&dir=0.0&alt=0.0", None, None, None),
        (b"&spd=0.0&dir=0.0&alt=35.5", 0.0, None, 35.5),
        (b"&spd=0.0&dir=90.0&alt=0.0", 0.0, 90.0, None),
        (b"&spd=1.5&dir=0.0&alt=35.5", 1.5, 0.0, 35.5),
        (b"&spd=1.5&dir=0.0&alt=0.0", 1.5, 0.0, None),
        (b"&spd=-1&dir=-1&alt=", None, None, None),
        (b"&spd_kph=5.4", 1.5, None, None),
        (b"&spd=%SPD&dir=%DIR", None, None, None),
    ],
)
def test_a_nought_that_was_not_measured_is_unknown(
    sent: bytes, speed: float | None, heading: float | None, altitude: float | None
) -> None:
    (fix,) = decode(QUERY + sent).fixes
    assert (fix.speed_mps, fix.heading_deg, fix.altitude_m) == (speed, heading, altitude)


def test_an_accuracy_of_nought_and_an_empty_one_are_unknown() -> None:
    for acc in (b"&acc=0.0", b"&acc=", b"&acc=-5"):
        assert decode(QUERY + acc).fixes[0].accuracy_m is None


def test_the_hardware_s_names_are_not_the_device_s() -> None:
    assert decode(ALL).fixes[0].device is None
    assert decode(QUERY + b"&device=pc7").fixes[0].device == "pc7"


def test_a_bad_element_of_a_list_costs_only_itself() -> None:
    good = {"lat": 51.5, "lon": -0.12, "timestamp": 1772399045}
    decoded = decode(json.dumps([good, {"lat": 1}, None, good]).encode())
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 3])
    assert [bad.index for bad in decoded.rejected] == [1, 2]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"lat=51.5&lon=-0.12", "timestamp: missing"),
        (b"lat=&lon=-0.12&timestamp=1", "lat: expected a number"),
        (b"lon=-0.12&timestamp=1", "lat: missing"),
        (b"lat=1&lon=2&timestamp=%25TIMESTAMP", "time: '%TIMESTAMP'"),
        (b"", "neither JSON nor parameters"),
        (b"\xff\x00", "neither JSON nor parameters"),
        (b'{"lat":1', "not JSON of GPSLogger"),
    ],
)
def test_a_broken_message_is_told_apart_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode(payload)
