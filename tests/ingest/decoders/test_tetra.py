from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import lip, tetra
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
SHORT = "0A00B8C31A53EB496D620"  # 84 bits in 21 digits, as a Sepura prints it
LRRP = "8013132" + "32F341F8893000F663F7EBBBB07CB07555672"
RMC = b"$GPRMC,210400.00,A,5130.0,N,00007.2,W,10.0,054.7,010326,,,A*"


def decode(*lines: str) -> Decoded:
    return tetra.decode("\r\n".join(lines).encode(), NOW)


def lip_fix(device: str | None) -> Fix:
    (fix,) = lip.decode(SHORT.encode(), NOW).fixes
    return Fix(NOW, fix.lat, fix.lon, 20.0, fix.speed_mps, 247.5, device=device)


def summed(sentence: bytes) -> bytes:
    total = 0
    for octet in sentence[1:-1]:
        total ^= octet
    return sentence + f"{total:02X}".encode()


@pytest.mark.parametrize("vector", vectors("tetra-lip"))
def test_bare_reports_read_as_their_own_format_does(vector: dict[str, Any]) -> None:
    assert decode(vector["hex"]) == lip.decode(vector["hex"].encode(), NOW)


@pytest.mark.parametrize("vector", vectors("tetra-simple-location-0x80"))
def test_the_compact_position_has_its_latitude_first(vector: dict[str, Any]) -> None:
    (fix,) = decode(vector["hex"]).fixes
    expected = (vector["expect"]["lat"], vector["expect"]["lon"])
    assert (fix.lat, fix.lon) == pytest.approx(expected, abs=1e-6)
    assert fix.time_us == NOW


@pytest.mark.parametrize(
    ("fields", "device"),
    [
        ("12,84", "bad"),
        ("12,7654321,84", None),
        ("12,7654321,0,84", None),
        ("12,1234567,0,7654321,0,84", "1234567"),
        ("12,01234567,0,7654321,0,84,0", "1234567"),
        ("12,901012301234567,1,7654321,0,84", "1234567"),
        ('12,"1234567","0","7654321","0",84', "1234567"),
        ("12,,,7654321,0,84", None),
        ("12,1234567,0,7654321,0,84,1", "bad"),
        ("twelve,1234567,0,7654321,0,84", "bad"),
    ],
)
def test_headers_of_every_length_name_the_calling_radio(fields: str, device: str | None) -> None:
    if device == "bad":
        with pytest.raises(DecodeError, match=r"fields|service|encrypted"):
            decode(f"+CTSDSR: {fields}", SHORT)
        return
    expected = Decoded([lip_fix(device)], [1], [])
    assert decode(f"+CTSDSR: {fields}", SHORT) == expected
    assert decode(f"+CTSDSR:{fields}", SHORT + "7") == expected  # padded to whole octets


def test_a_dump_of_many_messages_loses_only_the_bad_ones() -> None:
    header = "+CTSDSR: 12,1234567,0,7654321,0,84"
    decoded = decode(
        *(header, SHORT, "", "OK", "+CTXG: 1,3,0", header, SHORT[:10], header, header, SHORT),
        *("+CTSDSR: 12,x,y", SHORT, "rubbish", SHORT, header),
    )
    assert decoded.fixes == [lip_fix("1234567"), lip_fix("1234567"), lip_fix(None)]
    assert decoded.indexes == [1, 9, 13]
    assert [bad.index for bad in decoded.rejected] == [6, 7, 10, 12, 14]
    assert {bad.reason for bad in decoded.rejected} == {"malformed"}


def test_the_data_of_a_bad_header_is_not_taken_for_nobodys() -> None:
    with pytest.raises(DecodeError, match="fields"):
        decode("+CTSDSR: 12,1234567", SHORT)


def test_status_nought_is_an_emergency_and_the_others_are_nothing() -> None:
    header = "+CTSDSR: 13,1234567,0,7654321,0,16"
    assert decode(header, "0000").events == (Event(NOW, "emergency", "1234567"),)
    assert decode(header, "8004") == Decoded([], [], [])


def test_raw_octets_are_short_data() -> None:
    raw = tetra.decode(bytes.fromhex(SHORT + "0"), NOW)
    assert raw.fixes == [lip_fix(None)]


@pytest.mark.parametrize(
    "text", ["8202" + "9C01" + "74657374", "82" + "1000C9", "020161", "8A00010A"]
)
def test_texts_and_reports_of_delivery_hold_no_position(text: str) -> None:
    assert decode(text) == Decoded([], [], [])


@pytest.mark.parametrize(
    "header",
    [
        "03",
        "83" + "0001",
        "83" + "0101" + "07",
        "83" + "0101" + "0007",
        "83" + "0101" + "01" + "ABCDEF",
        "83" + "0101" + "02" + "ABCDEF" * 2,
        "83" + "0101" + "03" + "03" + "1230",
    ],
)
def test_the_transport_header_is_stripped_before_a_position(header: str) -> None:
    (fix,) = decode("1234567 " + header + "00" + summed(RMC).hex()).fixes
    assert (fix.device, fix.lat, fix.lon) == ("1234567", 51.5, -7.2 / 60)
    assert fix.time_us == NOW - 5_000_000
    assert fix.speed_mps == pytest.approx(10 * 1852 / 3600)


def test_a_corrected_clock_inside_nmea_is_told_of_the_radio() -> None:
    early = summed(RMC.replace(b"010326", b"160706")).hex()
    decoded = decode("1234567 0300" + early)
    assert decoded.fixes[0].time_us == NOW - 5_000_000
    assert [(event.kind, event.device) for event in decoded.events] == [
        ("clock_corrected", "1234567")
    ]


def test_a_position_report_of_delivery_is_not_one() -> None:
    assert decode("83" + "1001" + "00" + summed(RMC).hex()) == Decoded([], [], [])


def test_lip_is_read_behind_a_transport_header_too() -> None:
    (fix,) = decode("830001" + SHORT + "0").fixes
    assert fix == lip_fix(None)


def test_lrrp_behind_0x80_is_read() -> None:
    (fix,) = decode("7001 " + LRRP).fixes
    assert (round(fix.lat, 6), round(fix.lon, 6), fix.device) == (44.644958, 10.95902, "7001")


def test_an_octet_0a_inside_something_else_is_no_report() -> None:
    assert decode("0B00" + SHORT) == Decoded([], [], [])


def test_a_broken_sentence_inside_short_data_is_refused() -> None:
    with pytest.raises(DecodeError, match="NMEA"):
        decode("0300" + b"hello".hex())


def test_no_position_at_nought() -> None:
    assert decode("0380" + "000" + "000000" * 2 + "0") == Decoded([], [], [])


@pytest.mark.parametrize("payload", [b"", b"\r\n", b"hello there", b"+CTSDSR: 12,1,0,2,0,84"])
def test_a_message_with_nothing_to_read_is_broken(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        tetra.decode(payload, NOW)
