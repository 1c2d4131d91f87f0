import base64
import json
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.errors import DecodeError

pytest.importorskip("nacl", reason="PyNaCl is not installed")

from nacl.secret import SecretBox

from ingest.decoders import owntracks, sealed

CLEAR = b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.12}'


def seal(clear: bytes, key: str) -> bytes:
    padded = key.encode()[:32].ljust(32, b"\0")
    box = SecretBox(padded).encrypt(clear, b"n" * 24)
    return json.dumps({"_type": "encrypted", "data": base64.b64encode(box).decode()}).encode()


@pytest.mark.parametrize("vector", vectors("owntracks-encrypted"))
def test_a_real_payload_opens_with_its_key(vector: dict[str, Any]) -> None:
    payload = json.dumps({"_type": "encrypted", "data": vector["text"]}).encode()
    assert sealed.is_sealed(payload)
    clear = sealed.open_sealed(payload, vector["key"])
    said = json.loads(clear)
    assert {name: said[name] for name in vector["expect"]} == vector["expect"]
    (fix,) = owntracks.decode(clear, 0).fixes
    assert (fix.lat, fix.lon) == (vector["expect"]["lat"], vector["expect"]["lon"])


@pytest.mark.parametrize("key", ["1", "x" * 32, "x" * 40, "ключ", "naïve"])
def test_keys_are_padded_and_cut_as_the_apps_do(key: str) -> None:
    assert sealed.open_sealed(seal(CLEAR, key), key) == CLEAR


def test_base64_may_be_broken_into_lines() -> None:
    data = json.loads(seal(CLEAR, "123"))["data"]
    folded = json.dumps({"_type": "encrypted", "data": data[:20] + "\n" + data[20:] + "\n"})
    assert sealed.open_sealed(folded.encode(), "123") == CLEAR


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (seal(CLEAR, "another"), "does not open"),
        (seal(CLEAR, "123").replace(b'"data": "bm', b'"data": "cm'), "does not open"),
        (b'{"_type":"encrypted","data":""}', "does not open"),
        (b'{"_type":"encrypted","data":"AAAA"}', "does not open"),
        (b'{"_type":"encrypted","data":"A"}', "not base64"),
        (b'{"_type":"encrypted","data":"\xc3\xa9\xc3\xa9"}', "ASCII"),
        (b'{"_type":"encrypted","data":7}', "data: expected"),
        (b'{"_type":"encrypted"}', "missing required field `data`"),
        (b'{"_type":"location","data":"AAAA"}', "not encrypted, but 'location'"),
        (b"[]", "expected `object`"),
        (b"aUiEKyGn", "not OwnTracks JSON"),
    ],
)
def test_what_does_not_open_is_told_apart_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        sealed.open_sealed(payload, "123")
