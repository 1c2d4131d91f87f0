import base64
import json
from dataclasses import replace

import pytest
from nacl.secret import SecretBox

from ingest import reading
from ingest.decoders import DECODERS
from ingest.errors import DecodeError
from ingest.examples import EXAMPLES
from ingest.message import Message
from ingest.sender import Sender
from ingest.units import SPEEDS_MPS

NOW_US = 1_772_399_045_000_000
PHONE = Sender("phone-03", 3)
POINT = b"id=phone-03&lat=51.5&lon=-0.12&speed=36"
NATIVE = (
    b'{"device_id":"phone-03","location":{"timestamp":1772399045,'
    b'"coords":{"latitude":51.5,"longitude":-0.12,"speed":36}}}'
)


def speed(payload: bytes, format_: str, unit: str | None) -> float | None:
    sender = replace(PHONE, speed_unit_mps=SPEEDS_MPS[unit] if unit else None)
    (fix,) = reading.decode(Message(payload, format_, NOW_US, sender)).fixes
    return fix.speed_mps


@pytest.mark.parametrize("format_", ["osmand", "traccar"])
@pytest.mark.parametrize(
    ("unit", "mps"),
    [(None, 18.52), ("kn", 18.52), ("mps", 36.0), ("kmh", 10.0), ("mph", 16.09344)],
)
def test_a_speed_among_parameters_is_in_the_unit_of_its_sender(
    format_: str, unit: str | None, mps: float
) -> None:
    assert speed(POINT, format_, unit) == pytest.approx(mps)
    flat = b'{"id":"phone-03","lat":51.5,"lon":-0.12,"speed":36}'
    assert speed(flat, format_, unit) == pytest.approx(mps)
    assert speed(NATIVE, format_, unit) == 36.0


def test_formats_that_name_their_unit_are_read_in_it() -> None:
    ours = b'{"time":1772399045,"lat":51.5,"lon":-0.12,"speed_mps":36}'
    assert speed(ours, "pings", "mph") == 36.0
    logger = b"lat=51.5&lon=-0.12&timestamp=1772399045&spd=36"
    assert speed(logger, "gpslogger", "mph") == 36.0


def test_a_secret_opens_what_its_device_sealed_and_is_never_shown() -> None:
    clear = EXAMPLES["owntracks"].text.encode()
    box = SecretBox(b"123".ljust(32, b"\0")).encrypt(clear, b"n" * 24)
    data = base64.b64encode(box).decode()
    payload = json.dumps({"_type": "encrypted", "data": data}).encode()
    sender = replace(PHONE, owntracks_secret="123")
    assert "123" not in repr(sender)
    plain = reading.decode(Message(clear, "owntracks", NOW_US, PHONE))
    for sent in (payload, clear):
        assert reading.decode(Message(sent, "owntracks", NOW_US, sender)) == plain
    with pytest.raises(DecodeError, match="no `owntracks_secret`"):
        reading.decode(Message(payload, "owntracks", NOW_US, PHONE))


@pytest.mark.parametrize("format_", DECODERS)
def test_every_format_is_read_as_its_decoder_reads_it_where_nothing_is_set(format_: str) -> None:
    payload = EXAMPLES[format_].text.encode()
    set_ = replace(PHONE, owntracks_secret="123", speed_unit_mps=SPEEDS_MPS["kn"])
    for sender in (PHONE, set_):
        decoded = reading.decode(Message(payload, format_, NOW_US, sender))
        assert decoded == DECODERS[format_](payload, NOW_US)
        assert decoded.fixes
