import base64
import json
from typing import Any

import pytest
from nacl.secret import SecretBox
from protocol_vectors import vectors

from ingest.decoders import owntracks
from ingest.decoders.sealed import open_sealed
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

CLEAR = b'{"_type":"location","tst":1772399045,"lat":51.5,"lon":-0.12}'
SECRET = "123"
NOW = 1_772_399_045_000_000
FIX = Fix(NOW, 51.5, -0.12)


def seal(clear: bytes, secret: str = SECRET) -> str:
    padded = secret.encode()[:32].ljust(32, b"\0")
    return base64.b64encode(SecretBox(padded).encrypt(clear, b"n" * 24)).decode()


def sealed(clear: bytes, secret: str = SECRET) -> bytes:
    return json.dumps({"_type": "encrypted", "data": seal(clear, secret)}).encode()


@pytest.mark.parametrize("vector", vectors("owntracks-encrypted"))
def test_a_real_payload_opens_with_its_secret(vector: dict[str, Any]) -> None:
    said = json.loads(open_sealed(vector["text"], vector["key"]))
    assert {name: said[name] for name in vector["expect"]} == vector["expect"]
    payload = json.dumps({"_type": "encrypted", "data": vector["text"]}).encode()
    (fix,) = owntracks.decode(payload, 0, secret=vector["key"]).fixes
    assert (fix.lat, fix.lon) == (vector["expect"]["lat"], vector["expect"]["lon"])
    assert fix.time_us == vector["expect"]["tst"] * 1_000_000


@pytest.mark.parametrize("secret", ["1", "x" * 32, "x" * 40, "ключ", "naïve"])
def test_secrets_are_padded_and_cut_as_the_apps_do(secret: str) -> None:
    assert open_sealed(seal(CLEAR, secret), secret) == CLEAR


def test_base64_may_be_broken_into_lines() -> None:
    data = seal(CLEAR)
    assert open_sealed(data[:20] + "\n" + data[20:] + "\n", "123") == CLEAR


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (seal(CLEAR, "another"), "does not open"),
        ("cm" + seal(CLEAR)[2:], "does not open"),
        (seal(CLEAR)[:40], "does not open"),
        ("", "does not open"),
        ("AAAA", "does not open"),
        ("A", "not base64"),
        ("éé", "ASCII"),
    ],
)
def test_what_does_not_open_is_told_apart_with_its_reason(data: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        open_sealed(data, "123")


def opened(payload: bytes, secret: str | None = SECRET) -> Decoded:
    return owntracks.decode(payload, NOW, secret=secret)


def test_all_types_are_read_out_of_their_envelope_and_those_in_none_as_well() -> None:
    assert opened(sealed(CLEAR)) == opened(CLEAR) == Decoded([FIX], [0])
    left = b'{"_type":"transition","tst":1772399045,"event":"leave"}'
    assert opened(sealed(left)).events == (Event(NOW, "region_left"),)
    assert opened(sealed(b'{"_type":"lwt"}')).events == (Event(NOW, "offline"),)
    assert opened(sealed(b'{"_type":"waypoints","waypoints":[]}')) == Decoded([], [])


def test_what_does_not_open_costs_no_neighbour() -> None:
    parts = (sealed(CLEAR), sealed(CLEAR, "another"), sealed(b"{"), CLEAR)
    decoded = opened(b"[" + b",".join(parts) + b"]")
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 3])
    assert [bad.index for bad in decoded.rejected] == [1, 2]


@pytest.mark.parametrize(
    ("payload", "secret", "reason"),
    [
        (sealed(CLEAR), None, "encrypted, and there is no `owntracks_secret` to open it with"),
        (sealed(CLEAR), "another", "does not open with this device's `owntracks_secret`"),
        (sealed(sealed(CLEAR)), "123", "encrypted, and there is no"),
        (sealed(b"hello"), "123", "not OwnTracks JSON, opened"),
        (sealed(b"[]"), "123", "expected `object`"),
        (sealed(b'{"_type":"location"}'), "123", "missing required field"),
        (b'{"_type":"encrypted","data":7}', "123", "data: expected"),
        (b'{"_type":"encrypted"}', "123", "missing required field `data`"),
    ],
)
def test_an_encrypted_message_that_is_no_good_is_told_apart_with_its_reason(
    payload: bytes, secret: str | None, reason: str
) -> None:
    with pytest.raises(DecodeError, match=reason):
        opened(payload, secret)
