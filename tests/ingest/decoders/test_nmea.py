import json
from datetime import datetime
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import nmea
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

NOW = "2026-03-01T21:04:05Z"
LOGS = Path(__file__).parents[4] / "shared/data/raw/nmea"
KNOT = 1852 / 3600


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def line(text: str) -> str:
    return f"${text}*{reduce(xor, text.encode(), 0):02X}"


def rmc(time: str, date: str = "010326", status: str = "A", lat: str = "5130.0") -> str:
    return line(f"GPRMC,{time},{status},{lat},N,00007.2,W,10.0,054.7,{date},,,A")


def gga(time: str, quality: int = 1, lat: str = "5130.0") -> str:
    return line(f"GPGGA,{time},{lat},N,00007.2,W,{quality},04,2.6,100.5,M,-33.9,M,,0000")


def decode(*lines: str, received: str = NOW) -> Decoded:
    return nmea.decode("\r\n".join(lines).encode(), us(received))


def times(decoded: Decoded) -> list[int]:
    return [fix.time_us for fix in decoded.fixes]


@pytest.mark.parametrize("vector", vectors("nmea0183"))
def test_sentences_read_as_their_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    decoded = decode(vector["text"])
    assert decoded.rejected == []
    if expect.get("valid") is False:
        assert decoded.fixes == []
        return
    (fix,) = decoded.fixes
    assert (fix.lat, fix.lon) == pytest.approx((expect["lat"], expect["lon"]), abs=1e-8)
    if "time" in expect:
        assert fix.time_us == us(expect["time"])
    if "time_of_day" in expect:
        assert fix.time_us == us(f"2026-03-01T{expect['time_of_day']}Z")
    knots = expect.get("speed_kn")
    assert fix.speed_mps == (None if knots is None else pytest.approx(knots * KNOT))
    assert fix.heading_deg == expect.get("course")
    assert fix.altitude_m == expect.get("alt_m")


# Counted by hand from the logs: how many times of day have a position.
LOGGED = {"ublox-neo-m9n-nmea.log": 61, "navika-100-fix.log": 20, "ericsson-gru04-02-70sec.log": 71}


@pytest.mark.parametrize("name", LOGGED)
def test_recordings_give_one_fix_a_second(name: str) -> None:
    if not (LOGS / name).exists():
        pytest.skip("the folder of real recordings is not beside the project")
    decoded = nmea.decode((LOGS / name).read_bytes(), us("2026-07-01T00:00:00Z"))
    assert len(decoded.fixes) == LOGGED[name]
    steps = {
        after - before for before, after in zip(times(decoded), times(decoded)[1:], strict=False)
    }
    assert steps == {1_000_000}


def test_the_sentences_of_a_time_are_one_fix_in_our_units() -> None:
    decoded = decode(
        line("GNZDA,210405.00,01,03,2026,00,00"),
        line("GNGNS,210405.00,5130.0,N,00007.2,W,AANN,13,0.93,35.5,-16.5,,"),
        line("GNVTG,054.7,T,034.4,M,010.0,N,018.5,K,A"),
        line("GNGST,210405,228650,2.5,2.4,126,3.0,4.0,3.1"),
        line("GPGSV,1,1,00"),
    )
    expected = Fix(us(NOW), 51.5, -7.2 / 60, 5.0, 10 * KNOT, 54.7, 35.5)
    assert decoded == Decoded([expected], [1], [])


def test_a_new_time_or_a_new_date_begins_a_new_fix() -> None:
    decoded = decode(rmc("210405"), gga("210405.00"), gga("210406"), rmc("210406", "020326"))
    assert times(decoded) == [us(NOW), us("2026-03-02T21:04:06Z")]
    decoded = decode(rmc("210405", "010326"), rmc("210405", "020326"))
    assert times(decoded) == [us(NOW), us("2026-03-02T21:04:05Z")]


def test_units_in_one_message_keep_apart() -> None:
    decoded = decode(
        f"1234567 {rmc('210404')}",
        f"\\s:car-9*{reduce(xor, b's:car-9', 0):02X}\\{rmc('210405')}",
        f"1234567: {gga('210404')}",
        f"1772399045 {gga('210403')}",
    )
    assert [(fix.device, fix.altitude_m) for fix in decoded.fixes] == [
        ("1234567", 100.5),
        ("car-9", None),
        (None, 100.5),
    ]


def test_a_tag_block_says_when_a_sentence_was_taken_down() -> None:
    for stamp in ("1483228805", "1483228805000"):  # 2017-01-01T00:00:05Z
        (fix,) = decode(f"\\c:{stamp}\\{gga('235958')}").fixes
        assert fix.time_us == us("2016-12-31T23:59:58Z")
    with pytest.raises(DecodeError, match="checksum"):
        decode(f"\\s:car-9*00\\{rmc('210405')}")


@pytest.mark.parametrize(
    ("received", "time", "expected"),
    [
        ("2026-03-02T00:00:10Z", "235958", "2026-03-01T23:59:58Z"),
        ("2026-03-01T23:59:58Z", "000001", "2026-03-02T00:00:01Z"),
        ("2026-03-01T21:04:05Z", "210400.25", "2026-03-01T21:04:00.25Z"),
    ],
)
def test_a_time_without_a_date_is_the_one_closest_to_receipt(
    received: str, time: str, expected: str
) -> None:
    assert times(decode(gga(time), received=received)) == [us(expected)]


def test_a_recording_goes_on_after_midnight_without_a_new_date() -> None:
    decoded = decode(gga("235957"), rmc("235958", "311219"), gga("235959"), gga("000000"))
    start = us("2019-12-31T23:59:57Z")
    assert times(decoded) == [start + n * 1_000_000 for n in range(4)]


@pytest.mark.parametrize(
    ("received", "date", "year"),
    [
        ("2026-03-01T00:00:00Z", "191194", 1994),
        ("2026-03-01T00:00:00Z", "010126", 2026),
        ("2026-12-31T23:59:59Z", "010127", 2027),
        ("2026-12-31T23:59:59Z", "010128", 1928),
        ("2101-01-01T00:00:00Z", "311299", 2099),
    ],
)
def test_a_year_of_two_digits_is_the_latest_that_does_not_lie_ahead(
    received: str, date: str, year: int
) -> None:
    (fix,) = decode(rmc("000000", date), received=received).fixes
    assert fix.time_us == us(f"{year}-{date[2:4]}-{date[:2]}T00:00:00Z")


def test_a_leap_second_is_the_next_minute() -> None:
    decoded = decode(rmc("235960.00", "311216"))
    assert times(decoded) == [us("2017-01-01T00:00:00Z")]


def test_a_date_1024_weeks_early_is_moved_only_if_that_brings_it_to_receipt() -> None:
    assert times(decode(rmc("210405", "160706"))) == [us(NOW)]
    assert times(decode(rmc("210405", "160706"), received="2026-03-03T21:04:05Z")) == [
        us("2006-07-16T21:04:05Z")
    ]
    recorded = decode(rmc("210403", "160706"), gga("210404"))
    assert times(recorded) == [us(NOW) - 2_000_000, us(NOW) - 1_000_000]


def test_what_such_a_unit_kept_back_is_moved_with_what_brings_it_to_receipt() -> None:
    kept, now = rmc("210405", "140706"), rmc("210405", "160706")
    sound = "r7 " + rmc("210404", "140706")  # another unit's, and truly old for all that is known
    decoded = decode(kept, gga("210406"), sound, now, rmc("210405", "270226"))
    two_days = us("2026-02-27T21:04:05Z")
    assert times(decoded) == [
        two_days,
        two_days + 1_000_000,
        us("2006-07-14T21:04:04Z"),
        us(NOW),
        two_days,
    ]
    days = [us("2026-03-01T00:00:00Z"), us("2026-02-27T00:00:00Z")]
    assert [event.time_us for event in decoded.events] == days
    assert decoded.event_indexes == (3, 0)


def test_that_a_date_was_moved_is_told_once_a_device_and_day() -> None:
    late = [rmc("210404", "160706"), rmc("210405", "160706"), "r7 " + rmc("210405", "160706")]
    midnight, detail = us("2026-03-01T00:00:00Z"), "its dates are 1024 weeks too early"
    assert decode(*late).events == (
        Event(midnight, "clock_corrected", None, detail),
        Event(midnight, "clock_corrected", "r7", detail),
    )
    assert decode(*late).event_indexes == (0, 2)
    assert decode(rmc("210405", "010326")).events == ()


@pytest.mark.parametrize(
    ("text", "lat"),
    [("5130", 51.5), ("5130.", 51.5), ("5130.000000", 51.5), ("030.5", 0.508333333)],
)
def test_coordinates_have_any_number_of_digits(text: str, lat: float) -> None:
    assert decode(rmc("210405", lat=text)).fixes[0].lat == pytest.approx(lat)


def test_the_equator_is_a_place_and_an_empty_field_is_none() -> None:
    assert decode(rmc("210405", lat="0000.000")).fixes[0].lat == 0.0
    empty = line("GPRMC,210405,A,,,,,,,010326,,,A")
    assert decode(empty) == Decoded([], [], [])


@pytest.mark.parametrize(
    "sentences",
    [
        [rmc("210405", status="V")],
        [rmc("210405", status="V"), gga("210405")],
        [gga("210405", quality=0)],
        [line("GNGNS,210405,5130.0,N,00007.2,W,NNN,00,9.9,,,,")],
        [line("GPRMC,,V,,,,,,,,,,N")],
        [line("GPGGA,,,,,,0,,,,M,,M,,")],
        [line("GPGLL,5130.0,N,00007.2,W,210405,A,A"), line("PUBX,00,210405")],
    ],
)
def test_what_the_receiver_calls_no_position_is_none(sentences: list[str]) -> None:
    assert decode(*sentences) == Decoded([], [], [])


def test_a_void_speed_is_unknown() -> None:
    (fix,) = decode(gga("210405"), line("GPVTG,054.7,T,,M,010.0,N,018.5,K,N")).fixes
    assert (fix.speed_mps, fix.heading_deg) == (None, None)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (rmc("210405")[:-2] + "00", "checksum"),
        (rmc("210405")[:-1], "checksum"),
        (rmc("210405")[:50], "cut short"),
        (rmc("250405"), "no time of day"),
        (rmc("2104"), "not hhmmss"),
        (rmc("210405", "310226"), "no date"),
        (rmc("210405", "0103"), "not ddmmyy"),
        (rmc("210405", lat="5160.0"), "not degrees"),
        (rmc("210405", lat="nan"), "not degrees"),
        (rmc("210405", lat="51.5"), "not degrees"),
        (line("GPRMC,210405,A,5130.0,,00007.2,W,10.0,054.7,010326,,,A"), "not degrees"),
        (line("GPRMC,210405,A,5130.0,N,00007.2,W,1e3,054.7,010326,,,A"), "not a number"),
        (line("GPRMC,,A,5130.0,N,00007.2,W,10.0,054.7,010326,,,A"), "without a time"),
        (line("GPZDA,210405,ab,03,2026,00,00"), "ZDA"),
        ("hello", "not an NMEA sentence"),
        ("$" + "x" * 5000, "not an NMEA sentence"),
        ("\xff\xfe\x00", "not an NMEA sentence"),
    ],
)
def test_a_bad_line_is_rejected_by_its_number_and_costs_no_neighbour(bad: str, reason: str) -> None:
    decoded = decode(rmc("210401"), "", bad, rmc("210402"))
    assert times(decoded) == [us(NOW) - 4_000_000, us(NOW) - 3_000_000]
    (rejection,) = decoded.rejected
    assert (rejection.index, rejection.reason) == (2, "malformed")
    assert reason in rejection.detail
    with pytest.raises(DecodeError, match=reason):
        decode(bad)


def test_a_sentence_glued_to_the_rest_of_another_is_still_read() -> None:
    assert len(decode("$GPGGA,2104" + rmc("210405")).fixes) == 1


def test_a_whole_sentence_may_lack_its_checksum() -> None:
    assert len(decode(rmc("210405")[:-3]).fixes) == 1


def test_rejections_can_be_sent_back_as_json() -> None:
    decoded = nmea.decode(rmc("210405").encode() + b"\n\xff\xfe $GP\xff", us(NOW))
    assert json.dumps([bad.detail for bad in decoded.rejected])


@pytest.mark.parametrize("payload", [b"", b"\r\n\r\n"])
def test_an_empty_message_is_broken(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="empty"):
        nmea.decode(payload, us(NOW))
