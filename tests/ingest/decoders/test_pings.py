import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoders import pings
from ingest.decoders.gathering import MAX_REJECTED
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

TIME = "2026-03-01T21:04:05Z"
TIME_US = int(datetime.fromisoformat(TIME).timestamp()) * 1_000_000
PING = b'{"time":"2026-03-01T21:04:05Z","lat":51.5,"lon":-0.12}'
FIX = Fix(TIME_US, 51.5, -0.12)


def decode(payload: bytes) -> Decoded:
    return pings.decode(payload, TIME_US)


@pytest.mark.parametrize(
    "payload",
    [
        PING,
        b"[" + PING + b"]",
        b'{"fixes":[' + PING + b"]}",
        PING + b"\n",
        b"\x1e" + PING + b"\n",
        b'{\n  "time": 1772399045,\n  "lat": 51.5,\n  "lon": -0.12\n}\n',
        b'\x1e{"time": 1772399045,\n "lat": 51.5, "lon": -0.12}\n',
        b'{"time":"2026-03-01T22:04:05+01:00","lat":51.5,"lon":-0.12,"colour":[{"of":"coat"}]}',
    ],
)
def test_every_shape_gives_the_same_fix(payload: bytes) -> None:
    assert decode(payload) == Decoded([FIX], [0], [])


def test_every_field_arrives_in_its_own_place() -> None:
    payload = b"""{"device":"radio-7","time":1772399045.25,"lat":51.5,"lon":-0.12,"accuracy_m":6,
        "speed_mps":1.5,"heading_deg":270,"altitude_m":35.5,"battery_pct":80,"event":"panic"}"""
    assert decode(payload).fixes == [
        Fix(
            time_us=TIME_US + 250_000,
            lat=51.5,
            lon=-0.12,
            accuracy_m=6.0,
            speed_mps=1.5,
            heading_deg=270.0,
            altitude_m=35.5,
            battery_pct=80.0,
            device="radio-7",
            event="panic",
        )
    ]


def test_lines_are_fixes_and_blank_ones_are_nothing() -> None:
    decoded = decode(PING + b"\n\n \r\n" + PING + b"\n\n")
    assert decoded == Decoded([FIX, FIX], [0, 1], [])


def test_an_empty_list_is_no_fix_and_no_error() -> None:
    assert decode(b"[]") == Decoded([], [], [])


def test_microseconds_are_kept_exactly() -> None:
    decoded = decode(b'{"time":"2026-03-01T21:04:05.123457Z","lat":1,"lon":2}')
    assert decoded.fixes[0].time_us == TIME_US + 123_457


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (b'{"time":"2026-03-01T21:04:05","lat":1,"lon":2}', "has no time zone"),
        (b'{"time":"yesterday","lat":1,"lon":2}', "time: invalid RFC3339"),
        (b'{"time":1772399045000,"lat":1,"lon":2}', "not milliseconds"),
        (b'{"time":1e999,"lat":1,"lon":2}', "not milliseconds"),
        (b'{"time":' + b"9" * 5000 + b',"lat":1,"lon":2}', "not milliseconds"),
        (b'{"time":NaN,"lat":1,"lon":2}', "not milliseconds"),
        (b'{"time":true,"lat":1,"lon":2}', "time: expected"),
        (b'{"time":null,"lat":1,"lon":2}', "time: expected"),
        (b'{"lat":1,"lon":2}', "missing required field `time`"),
        (b'{"time":1772399045,"lat":"51","lon":2}', "lat: expected `float`, got `str`"),
        (b'{"time":1772399045,"lat":1,"lon":2,"device":7}', "device: expected"),
        (b"[]", "expected `object`, got `array`"),
        (b"17", "expected `object`, got `int`"),
        (b"null", "expected `object`, got `null`"),
    ],
)
def test_a_bad_element_is_rejected_with_its_place_and_costs_no_neighbour(
    bad: bytes, detail: str
) -> None:
    for payload in (
        b"[" + PING + b"," + bad + b"," + PING + b"]",
        b'{"fixes":[' + PING + b"," + bad + b"," + PING + b"]}",
        PING + b"\n" + bad + b"\n" + PING,
    ):
        decoded = decode(payload)
        assert decoded.fixes == [FIX, FIX]
        assert decoded.indexes == [0, 2]
        (rejection,) = decoded.rejected
        assert (rejection.index, rejection.reason) == (1, "malformed")
        assert detail in rejection.detail


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000])
def test_a_number_that_is_none_reaches_screening_with_its_neighbours(literal: bytes) -> None:
    decoded = decode(
        b"[" + PING + b',{"time":1772399045,"lat":' + literal + b',"lon":2},' + PING + b"]"
    )
    assert decoded.indexes == [0, 1, 2]
    assert not -90 <= decoded.fixes[1].lat <= 90


@pytest.mark.parametrize("line", [b'{"time":', b"\xff\xfe", b"hello", b"[" * 5000])
def test_a_line_that_is_not_json_costs_only_itself(line: bytes) -> None:
    decoded = decode(PING + b"\n" + line + b"\n" + PING)
    assert decoded.indexes == [0, 2]
    assert decoded.rejected[0].index == 1
    assert decoded.rejected[0].detail.startswith("not JSON")


@pytest.mark.parametrize(
    "payload",
    [
        b"hello",
        b"\xff\xfe\x00",
        PING[:-5],
        b"[" + PING + b",",
        b"[\n" + PING + b",\n" + PING + b"\n",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00" * 50,
    ],
)
def test_a_message_that_is_not_json_is_broken_as_a_whole(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="not JSON"):
        decode(payload)


@pytest.mark.parametrize("payload", [b"", b"  \n\n", b"\x1e\n"])
def test_a_message_with_nothing_in_it_is_broken(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="empty"):
        decode(payload)


def test_fixes_that_are_no_list_are_named() -> None:
    with pytest.raises(DecodeError, match="fixes: expected a list"):
        decode(b'{"fixes": 7}')


def test_a_flood_of_things_that_are_no_fixes_is_refused_as_a_whole() -> None:
    with pytest.raises(DecodeError, match="more than 50000 parts"):
        decode(b"[" + b"1," * MAX_REJECTED + b"1]")


@pytest.mark.parametrize("field", [b"time", b"device", b"event"])
def test_half_a_character_is_rejected_in_words_that_can_be_sent_back(field: bytes) -> None:
    bad = b'{"time":1772399045,"lat":1,"lon":2,"' + field + b'":"\\ud800"}'
    decoded = decode(b"[" + PING + b"," + bad + b"]")
    assert decoded.fixes == [FIX]
    assert b"not Unicode" in msgspec.json.encode(decoded.rejected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(["time", "lat", "lon", "accuracy_m", "device", "event", "fixes"])
almost_pings = st.dictionaries(fields, json_values | st.just(TIME), max_size=5)


@settings(max_examples=200)
@given(st.lists(almost_pings | json_values, max_size=4))
def test_whatever_json_comes_every_element_is_a_fix_or_a_rejection(elements: list[object]) -> None:
    decoded = decode(json.dumps(elements).encode())
    assert sorted([*decoded.indexes, *(bad.index for bad in decoded.rejected)]) == list(
        range(len(elements))
    )


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(0, len(PING)))
def test_whatever_bytes_come_the_decoder_answers_or_says_they_are_broken(
    noise: bytes, cut: int
) -> None:
    for payload in (noise, PING[:cut] + noise + PING[cut:], b"[" + PING + noise):
        try:
            decoded = decode(payload)
        except DecodeError as error:
            assert str(error)  # noqa: PT017 (either outcome is right; another exception is not)
        else:
            assert len(decoded.fixes) == len(decoded.indexes)


def test_a_text_that_no_database_keeps_costs_its_own_fix_and_a_long_event_is_cut() -> None:
    sound = {"time": 1772399045, "lat": 51.5, "lon": -0.1, "event": "x" * 100}
    fixes = [sound, sound | {"device": "a\0"}, sound | {"event": "\0"}]
    decoded = decode(json.dumps(fixes).encode())
    assert [fix.event for fix in decoded.fixes] == ["x" * 64]
    assert [bad.index for bad in decoded.rejected] == [1, 2]
    assert "NUL" in decoded.rejected[0].detail
