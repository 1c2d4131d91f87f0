from datetime import datetime
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import hytera
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.errors import DecodeError
from ingest.fix import Event
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
IP = bytes([10, 33, 16, 221])
RADIO = "2167005"
GPS = b"A210400010326N5130.0000W00007.2000010121"
NOTHING = Decoded([], [], [])


def framed(service: int, opcode: int, payload: bytes) -> bytes:
    inner = opcode.to_bytes(2, "big") + len(payload).to_bytes(2, "big") + payload
    return bytes([service]) + inner + bytes([(~sum(inner) + 0x33) & 0xFF, 0x03])


def report(opcode: int, before: bytes, gps: bytes = GPS, after: bytes = b"") -> bytes:
    return framed(0x08, opcode, before + gps + after)


def standard(gps: bytes = GPS, result: int = 0) -> bytes:
    return report(0xA002, b"\0\0\0\1" + IP + result.to_bytes(2, "big"), gps)


def decode(payload: bytes) -> Decoded:
    return hytera.decode(payload, NOW)


@pytest.mark.parametrize("vector", vectors("hytera-lp"))
def test_reports_read_as_their_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    decoded = decode(bytes.fromhex(vector["hex"]))
    assert decode(vector["hex"].encode()) == decoded
    (fix,) = decoded.fixes
    assert fix.device == str(expect["radio_id"])
    assert (fix.lat, fix.lon) == pytest.approx((expect["lat"], expect["lon"]), abs=1e-6)
    knots = expect["speed_kn"]
    assert fix.speed_mps == (None if knots is None else pytest.approx(knots * 1852 / 3600))
    assert fix.heading_deg == expect["course_deg"]
    when = expect["time"]
    at = NOW if when is None else round(datetime.fromisoformat(when).timestamp() * 1e6)
    assert fix.time_us == at


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (standard(), None),
        (report(0xA004, b"\0\0\0\1" + IP + b"\0\0", after=b"\xff\x88"), None),
        (report(0xB003, IP + b"\1"), "emergency"),
        (report(0xC003, b"\0\0\0\1" + IP + b"00000010"), None),
        (report(0xD003, b"\0\0\0\1" + IP), None),
    ],
)
def test_every_layout_is_read(payload: bytes, event: str | None) -> None:
    (fix,) = decode(payload).fixes
    assert (fix.device, fix.lat, fix.lon, fix.event) == (RADIO, 51.5, -7.2 / 60, event)
    assert fix.time_us == NOW - 5_000_000


@pytest.mark.parametrize("gps", [b"V" + GPS[1:], b"V" + b"\0" * 39, b"?" * 40, b""])
def test_an_emergency_without_a_position_is_one_all_the_same(gps: bytes) -> None:
    assert decode(report(0xB003, IP + b"\1", gps)).events == (Event(NOW, "emergency", RADIO),)


def test_no_position_is_no_fix() -> None:
    assert decode(standard(b"V" + GPS[1:])) == NOTHING
    assert decode(standard(b"A" + b"\0" * 39)) == NOTHING
    assert decode(standard(result=105)) == NOTHING
    (event,) = decode(standard(result=6)).events
    assert (event.kind, event.device) == ("gps_lost", RADIO)


def test_a_time_without_a_date_is_the_day_of_receipt_and_neither_is_receipt() -> None:
    late = GPS[:1] + b"235900" + b"\0" * 6 + GPS[13:]
    (fix,) = hytera.decode(standard(late), NOW - NOW % 86_400_000_000 + 60_000_000).fixes
    assert fix.time_us == NOW - NOW % 86_400_000_000 - 60_000_000
    (fix,) = decode(standard(GPS[:1] + b"\0" * 12 + GPS[13:])).fixes
    assert fix.time_us == NOW


@pytest.mark.parametrize(
    ("opcode", "after", "kind"),
    [
        (0x03, b"", "online"),
        (0x01, b"", "offline"),
        (0x82, b"\0", "online"),
        (0x82, b"\1", "offline"),
    ],
)
def test_registration_says_who_is_there(opcode: int, after: bytes, kind: str) -> None:
    for service in (0x11, 0x91):
        decoded = decode(framed(service, opcode, IP + after))
        assert decoded == Decoded([], [], [], (Event(NOW, kind, RADIO),), (0,))


@pytest.mark.parametrize(
    "payload",
    [framed(0x11, 0x80, IP + b"\0\0\0\0\x0a"), framed(0x11, 2, IP), framed(9, 0xA1, b"hi")],
)
def test_answers_requests_and_texts_are_nothing(payload: bytes) -> None:
    assert decode(payload) == NOTHING


def test_frames_one_after_another_lose_only_the_bad_ones() -> None:
    bad = standard()[:-2] + b"\0\x03"
    decoded = decode(standard() + bad + standard() + standard()[:20])
    assert decoded.indexes == [0, 2]
    assert [rejected.index for rejected in decoded.rejected] == [1, 3]
    lines = b"\n".join([standard().hex().encode(), bad.hex().encode(), b"zz"])
    decoded = decode(lines)
    assert (decoded.indexes, [bad.index for bad in decoded.rejected]) == ([0], [1, 2])


@pytest.mark.parametrize(
    "gps",
    [
        GPS.replace(b"5130", b"5170"),
        GPS.replace(b"210400", b"250400"),
        GPS.replace(b"010326", b"320326"),
        GPS.replace(b"N", b"\0"),
        GPS.replace(b"5130.", b"51.30"),
    ],
)
def test_a_position_that_cannot_be_is_refused(gps: bytes) -> None:
    with pytest.raises(DecodeError, match=r"degrees|time|not as they should be"):
        decode(standard(gps))


def test_a_date_1024_weeks_early_is_moved_to_receipt_and_that_is_told() -> None:
    decoded = decode(standard(GPS.replace(b"010326", b"160706")))
    assert decoded.fixes == decode(standard()).fixes
    assert [(event.kind, event.device) for event in decoded.events] == [("clock_corrected", RADIO)]


def test_of_several_frames_without_a_time_the_last_counts() -> None:
    undated = GPS.replace(b"210400010326", bytes(12))
    other = undated.replace(b"5130.0000", b"5131.0000")
    first, last = decode(standard(undated) + standard(other)).fixes
    assert (first.time_us, last.time_us) == (NOW - 1, NOW)
    assert (first.accuracy_m, last.accuracy_m) == (STALE_ACCURACY_M, None)
