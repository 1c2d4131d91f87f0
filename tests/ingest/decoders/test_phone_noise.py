"""Whatever bytes come, a decoder answers, or says that the message is broken, and soon."""

import json
import time
from collections.abc import Callable
from itertools import product

import msgspec
import pytest
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoders import cot, geojson, gpslogger, osmand, overland, owntracks
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decode, Decoded

NOW = 1_772_399_045_000_000
FEATURE = (
    b'{"type":"Feature","geometry":{"type":"Point","coordinates":[-0.12,51.5,3]},"properties":'
    b'{"timestamp":"2026-03-01T21:04:05Z","speed":1,"horizontal_accuracy":5,"device_id":"a"}}'
)
LINE = (
    b'{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]},'
    b'"properties":{"coordTimes":[1772399045,"2026-03-01T21:04:06Z"]}}'
)
COT = (
    b'<event uid="A" type="a-f-G" how="m-g" time="2026-03-01T21:04:05Z"><point lat="51.5" lon="1"'
    b' hae="3" ce="5"/><detail><track speed="1" course="2"/></detail></event>'
)
NATIVE = (
    b'{"location":{"timestamp":"2026-03-01T21:04:05Z","coords":{"latitude":51.5,"longitude":1},'
    b'"battery":{"level":0.5},"alarm":"sos"},"device_id":"a"}'
)
QUERY = b"id=a&lat=51.5&lon=-0.12&timestamp=1772399045&speed=3&alarm=sos&batt=5"
SEEDS: dict[str, tuple[Decode, list[bytes]]] = {
    "owntracks": (
        owntracks.decode,
        [
            b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.12,"t":"p","vel":0}',
            b'{"_type":"transition","tst":1,"event":"enter","desc":"x","lat":1,"lon":2}',
            b'[{"_type":"lwt","tst":1},{"_type":"encrypted","data":"AAAA"}]',
        ],
    ),
    "osmand": (osmand.decode, [QUERY, NATIVE, b'[{"id":1,"lat":1,"lon":2,"timestamp":"3"}]']),
    "overland": (overland.decode, [b'{"locations":[' + FEATURE + b'],"current":' + FEATURE + b"}"]),
    "gpslogger": (gpslogger.decode, [QUERY, b'{"lat":1,"lon":"2","time":"2026-03-01T21:04:05Z"}']),
    "geojson": (
        geojson.decode,
        [FEATURE, LINE, b'{"type":"FeatureCollection","features":[' + LINE + b"]}"],
    ),
    "cot": (cot.decode, [COT, COT + COT]),
}


def check(decode: Decode, payload: bytes) -> None:
    try:
        decoded = decode(payload, NOW)
    except DecodeError as error:
        assert str(error).encode()  # noqa: PT017 (either is right; another exception is not)
        return
    assert len(decoded.fixes) == len(decoded.indexes)
    places = [*decoded.indexes, *(bad.index for bad in decoded.rejected)]
    assert len(set(places)) == len(places)
    msgspec.json.encode(decoded.rejected)  # so that it can be answered and stored
    for said in (*decoded.fixes, *decoded.events):
        assert -(2**63) <= said.time_us < 2**63
        words = (said.device, said.event) if isinstance(said, Fix) else (said.kind, said.detail)
        assert not any("\0" in word or not word.encode() for word in words if word)


@pytest.mark.parametrize("name", SEEDS)
def test_messages_cut_short_anywhere(name: str) -> None:
    decode, seeds = SEEDS[name]
    for seed in seeds:
        for cut in range(len(seed)):
            check(decode, seed[:cut])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def replaced(value: object, path: int, new: object) -> object:
    """Put `new` in the place of the element that `path` leads to, digit by digit."""
    if path > 0 and isinstance(value, dict) and value:
        name = list(value)[path % len(value)]
        return value | {name: replaced(value[name], path // 7, new)}
    if path > 0 and isinstance(value, list) and value:
        place = path % len(value)
        return [*value[:place], replaced(value[place], path // 7, new), *value[place + 1 :]]
    return new


@pytest.mark.parametrize("name", [name for name in SEEDS if name != "cot"])
def test_sound_json_with_anything_in_any_place(name: str) -> None:
    decode, seeds = SEEDS[name]
    wholes = [json.loads(seed) for seed in seeds if seed[:1] in b"{["]

    @examples(300)
    @given(st.sampled_from(wholes), st.integers(0, 7**5), json_values)
    def answers(whole: object, path: int, new: object) -> None:
        check(decode, json.dumps(replaced(whole, path, new)).encode())

    answers()


HOLES = {
    "owntracks": [b'{"_type":?}', b'{"_type":"location","t":?}'],
    "osmand": [
        b'{"id":1,"lat":1,"lon":2,"%s":?}' % name
        for name in (b"id", b"lat", b"mock", b"valid", b"alarm", b"timestamp", b"location")
    ],
    "overland": [b'{"locations":[?]}', b'{"locations":[{"geometry":{"type":?},"properties":{}}]}'],
    "gpslogger": [b'{"lat":?}', b'{"lat":1,"lon":2,"timestamp":?}'],
    "geojson": [
        b'{"type":"Feature","geometry":{"type":?},"properties":{}}',
        b'{"type":"Feature","geometry":?,"properties":{}}',
        b'{"type":"Feature","geometry":{"type":"Point","coordinates":?},"properties":{"time":1}}',
        b'{"type":"Feature","geometry":{"type":"Point"},"properties":{"time":?}}',
    ],
}


@pytest.mark.parametrize("name", HOLES)
def test_a_value_nested_as_deeply_as_can_be_read_is_no_trap(name: str) -> None:
    decode, _ = SEEDS[name]
    for message, depth in product(HOLES[name], range(840, 1000)):
        check(decode, message.replace(b"?", b"[" * depth + b"]" * depth))


MEBIBYTE = 1 << 20
FILLS: dict[str, Callable[[int], bytes]] = {
    "brackets": lambda n: b"[" * n,
    "objects": lambda n: b'{"a":' * (n // 5),
    "ones": lambda n: b"[" + b"1," * (n // 2 - 1) + b"1]",
    "locations": lambda n: b'{"locations":[' + b"1," * (n // 2 - 8) + b"1]}",
    "features": lambda n: b'{"features":[' + b"{}," * (n // 3 - 6) + b"{}]}",
    "line": lambda n: (
        b'{"type":"Feature","temporalGeometry":{"type":"MovingPoint","coordinates":['
        + b"0," * (n // 4)
        + b'0],"datetimes":['
        + b"0," * (n // 4)
        + b"0]}}"
    ),
    "digits": lambda n: b'{"_type":"location","tst":' + b"9" * n + b"}",
    "parameters": lambda n: b"a=1&" * (n // 4),
    "parameter": lambda n: b"id=a&lat=" + b"1" * n,
    "percents": lambda n: b"a=" + b"%" * n,
    "spaces": lambda n: b" " * n,
    "events": lambda n: b"<event " * (n // 7),
    "ends": lambda n: b"<event></event>" * (n // 15),
    "deep": lambda n: b"<event>" + b"<a>" * (n // 3) + b"</event>",
    "quotes": lambda n: b'"' * n,
}


@pytest.mark.parametrize(("name", "fill"), list(product(SEEDS, FILLS)))
def test_a_mebibyte_of_nothing_takes_no_time(name: str, fill: str) -> None:
    decode, _ = SEEDS[name]
    payload = FILLS[fill](MEBIBYTE)
    began = time.perf_counter()
    check(decode, payload)
    assert time.perf_counter() - began < 5.0, "a limit far above what it takes, for slow machines"


def test_what_is_decoded_is_the_same_type_for_all() -> None:
    for decode, seeds in SEEDS.values():
        assert isinstance(decode(seeds[0], NOW), Decoded)
