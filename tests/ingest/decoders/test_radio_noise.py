"""Whatever comes, a radio's decoder answers in time or says that the message is broken."""

import time

import pytest

from ingest.decoders import hytera, lip, lrrp, nmea, taip, tetra
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decode, Decoded
from ingest.moment import as_text

NOW = 1_772_399_045_000_000
SHORT = b"0A00B8C31A53EB496D6200"
LONG = b"0A4EFDFBEA1AE1B419FA97E28680A288F78429401508"
PEI = b"+CTSDSR: 12,1234567,0,7654321,0,84\r\n" + SHORT + b"\r\n"
LRRP = b"071A22042468ACE0341F4DBC778051118ECD8D118AD47B00636C0006"
HYTERA = (
    b"08a0020032000000010a2110dd0000413138333634383236313031354e343731382e383035314530313835342e"
    b"34333837302e313132310b03"
)
NMEA = (
    b"$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68\r\n"
    b"$GPGGA,225446,4916.45,N,12311.12,W,1,04,2.6,100.00,M,-33.9,M,,0000*5E\r\n"
)
TAIP = b">RPV46640+4197412-0752857900015802;ID=5102;*71<\r\n"

SAMPLES: dict[str, tuple[Decode, tuple[bytes, ...]]] = {
    "lip": (lip.decode, (SHORT, LONG, bytes.fromhex(SHORT.decode()))),
    "tetra": (tetra.decode, (PEI, SHORT, LONG, b"80" + LRRP)),
    "lrrp": (lrrp.decode, (LRRP, bytes.fromhex(LRRP.decode()))),
    "hytera": (hytera.decode, (HYTERA, bytes.fromhex(HYTERA.decode()))),
    "taip": (taip.decode, (TAIP,)),
    "nmea": (nmea.decode, (NMEA,)),
}


def answers(decode: Decode, payload: bytes) -> Decoded | None:
    try:
        decoded = decode(payload, NOW)
    except DecodeError as error:
        assert str(error)  # noqa: PT017 (either outcome is right; another exception is not)
        return None
    assert len(decoded.fixes) == len(decoded.indexes)
    for fix in decoded.fixes:
        assert isinstance(fix, Fix)
        assert as_text(fix.time_us)
        assert isinstance(fix.lat, float)
        assert fix.accuracy_m is None or fix.accuracy_m > 0 or decode is not lip.decode
    return decoded


FLOODS = (
    b"A" * 1_000_000,
    b"\x0a" * 1_000_000,
    b"\x0a\x4c" + b"\x00" * 1_000_000,
    b"7 " * 500_000,
    b"$" * 1_000_000,
    b"x\n" * 500_000,
    b">" * 1_000_000,
    b"1" + b"\t" * 1_000_000 + b"x",
    b"\x80" * 1_000_000,
    b"\x07\x00" * 500_000,
    b"\x08\x00" * 500_000,
    b"\\" * 1_000_000,
)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_megabyte_of_anything_is_answered_in_seconds(name: str) -> None:
    decode, samples = SAMPLES[name]
    full = (samples[0].strip() + b"\n") * (1_000_000 // len(samples[0]))
    for payload in (*FLOODS, full):
        began = time.perf_counter()
        answers(decode, payload)
        assert time.perf_counter() - began < 10, payload[:20]
