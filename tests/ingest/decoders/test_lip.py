from datetime import datetime
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import lip, lipcodes
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

NOW = "2026-03-01T21:04:05Z"
SHORT = "0A00B8C31A53EB496D6200"


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def decode(text: str, received: str = NOW) -> Decoded:
    return lip.decode(text.encode(), us(received))


def only(text: str, received: str = NOW) -> Fix:
    (fix,) = decode(text, received).fixes
    return fix


def hexed(*fields: tuple[int, int]) -> str:
    """Write (value, width) fields behind 0x0A, padded to whole octets."""
    bits = "00001010" + "".join(f"{value & (1 << width) - 1:0{width}b}" for value, width in fields)
    bits += "0" * (-len(bits) % 8)
    return f"{int(bits, 2):0{len(bits) // 4}X}"


def short(elapsed: int = 0, lon: int = 1, lat: int = 1, error: int = 1, reason: int = 129) -> str:
    rest = [(3, 7), (0, 4), (0, 1), (reason, 8)]
    return hexed((0, 2), (elapsed, 2), (lon, 25), (lat, 24), (error, 3), *rest)


def long(shape: list[tuple[int, int]], time: list[tuple[int, int]], reason: int = 129) -> str:
    return hexed((1, 2), (3, 4), *time, *shape, (0, 3), (0, 1), (0, 1), (reason, 8))


def day(number: int, hour: int = 12) -> list[tuple[int, int]]:
    return [(2, 2), (number, 5), (hour, 5), (0, 6), (0, 6)]


POINT = [(1, 4), (2**20, 25), (2**20, 24)]


@pytest.mark.parametrize("vector", vectors("tetra-lip"))
def test_reports_read_as_their_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    decoded = decode(vector["hex"])
    assert decoded.rejected == []
    reason = None if expect["tad"] else lipcodes.EVENTS.get(expect["add"])
    if expect.get("shape") == 0 or (expect["lat"], expect["lon"]) == (0.0, 0.0):
        assert decoded.fixes == []
        kinds = [event.kind for event in decoded.events]
        assert kinds == list(dict.fromkeys([reason or "gps_lost", "gps_lost"]))
        return
    (fix,) = decoded.fixes
    assert (fix.lat, fix.lon) == pytest.approx((expect["lat"], expect["lon"]), abs=1e-6)
    assert fix.event == reason
    kmh = expect.get("kmh")
    assert fix.speed_mps == (None if kmh is None else pytest.approx(kmh / 3.6, abs=0.005))
    assert fix.heading_deg == (None if kmh is None else expect.get("dir"))
    assert fix.altitude_m == expect.get("alt")
    if "hpu" in expect and not expect.get("elapsed"):
        assert fix.accuracy_m == pytest.approx(expect["hpu"]["m"], abs=0.001)
    old = expect.get("elapsed", 0) > 0 or expect.get("perr") == 7
    if "top" in expect:
        moment = datetime.fromtimestamp(fix.time_us / 1e6, tz=datetime.fromisoformat(NOW).tzinfo)
        assert expect["top"] == {name: getattr(moment, name) for name in expect["top"]}
        assert fix.time_us <= us(NOW)
    else:
        assert fix.time_us == us(NOW)
        assert ((fix.accuracy_m or 0) >= STALE_ACCURACY_M) == (old or expect.get("perr") == 6)


def test_odd_digits_padding_and_raw_octets_are_the_same_report() -> None:
    expected = only(SHORT)
    assert only(SHORT[:-1]) == expected
    assert only(SHORT.lower()) == expected
    assert only(" ".join(SHORT[i : i + 2] for i in range(0, 22, 2))) == expected
    assert lip.decode(bytes.fromhex(SHORT), us(NOW)).fixes == [expected]


def test_reports_without_their_identifier_are_told_by_length_and_first_octet() -> None:
    assert only(SHORT[2:]) == only(SHORT)
    long_one = "0A4E73DDA841F55809493CC081"
    assert only(long_one[2:]) == only(long_one)


def test_a_gateway_may_name_the_radio_before_the_report() -> None:
    decoded = decode(f"2167005 {SHORT}\n\n2167006,{SHORT}\nnonsense\n")
    assert [fix.device for fix in decoded.fixes] == ["2167005", "2167006"]
    assert decoded.indexes == [0, 2]
    assert [(bad.index, bad.reason) for bad in decoded.rejected] == [(3, "malformed")]


@pytest.mark.parametrize("elapsed", [1, 2, 3])
def test_a_position_older_than_seconds_is_kept_and_can_never_count(elapsed: int) -> None:
    assert only(short(elapsed)).accuracy_m == STALE_ACCURACY_M
    assert only(short(elapsed, error=5)).accuracy_m == 200_000


def test_a_position_whose_error_is_not_known_can_never_count() -> None:
    assert only(short(error=7)).accuracy_m == STALE_ACCURACY_M
    circle = [(2, 4), (2**20, 25), (2**20, 24), (63, 6)]
    assert only(long(circle, [(0, 2)])).accuracy_m == STALE_ACCURACY_M


@pytest.mark.parametrize(("code", "metres"), list(enumerate((2, 20, 200, 2_000, 20_000, 200_000))))
def test_position_errors_are_metres(code: int, metres: float) -> None:
    assert only(short(error=code)).accuracy_m == metres


def test_both_coordinates_nought_is_no_position_and_one_of_them_is_greenwich() -> None:
    assert decode(short(lon=0, lat=0)) == Decoded([], [], [])
    assert decode(short(lon=0, lat=0, reason=2)).events == (Event(us(NOW), "emergency"),)
    assert only(short(lon=0)).lon == 0.0


@pytest.mark.parametrize("reason", [0, 1, 2, 9, 10, 12, 21, 22])
def test_reasons_are_events_of_the_position_or_events_alone(reason: int) -> None:
    kind = lipcodes.EVENTS[reason]
    assert only(short(reason=reason)).event == kind
    assert decode(long([(0, 4)], [(0, 2)], reason)).events == (Event(us(NOW), kind),)


def test_of_a_covert_listening_call_nothing_is_kept() -> None:
    assert only(short(reason=24)) == only(short(reason=129))
    assert decode(long([(0, 4)], [(0, 2)], 24)) == Decoded([], [], [])


@pytest.mark.parametrize(
    ("code", "kmh"),
    [(28, 28), (29, 29), (33, 34), (40, 44), (50, 64), (54, 74), (66, 115), (80, 195), (125, 1043)],
)
def test_speeds_are_those_of_the_table(code: int, kmh: float) -> None:
    assert lipcodes.speed_mps(code) == pytest.approx(kmh / 3.6, abs=0.2)


def test_an_unknown_speed_leaves_no_heading() -> None:
    assert (only("0A0BA7D5B95BC50AFFE16").speed_mps, only(SHORT).heading_deg) == (None, 247.5)
    assert only("0A0BA7D5B95BC50AFFE16").heading_deg is None


@pytest.mark.parametrize(
    ("code", "metres"),
    [(0, None), (1, -200), (1201, 1000), (1202, 1002), (1927, 2525), (2047, 11525), (2048, None)],
)
def test_altitudes_change_their_step_twice(code: int, metres: float | None) -> None:
    assert lipcodes.altitude_m(code) == metres


def test_an_ellipse_is_as_wide_as_its_longer_half_axis() -> None:
    where = [(3, 4), (2**20, 25), (2**20, 24)]
    for confidence, wider in ((0, 1.28), (1, 1.0), (3, 1.0), (7, 1.0)):
        shape = [*where, (10, 6), (5, 6), (0, 8), (confidence, 3)]
        assert only(long(shape, [(0, 2)])).accuracy_m == pytest.approx(26.814 * wider, abs=0.01)


@pytest.mark.parametrize(
    ("received", "stated", "expected"),
    [
        ("2026-03-01T12:00:00Z", day(1), "2026-03-01T12:00:00Z"),
        ("2026-03-01T00:10:00Z", day(28, 23), "2026-02-28T23:00:00Z"),
        ("2026-01-01T00:00:05Z", day(31, 23), "2025-12-31T23:00:00Z"),
        ("2026-12-31T23:55:00Z", day(1, 0), "2027-01-01T00:00:00Z"),  # its clock is ahead
        ("2026-12-31T23:45:00Z", day(1, 0), "2026-12-01T00:00:00Z"),
        ("2026-03-01T12:00:00Z", day(30), "2026-01-30T12:00:00Z"),  # February has none
        ("2024-03-01T00:00:00Z", day(29), "2024-02-29T12:00:00Z"),
    ],
)
def test_a_day_of_the_month_is_the_newest_there_was(
    received: str, stated: list[tuple[int, int]], expected: str
) -> None:
    fix = only(long(POINT, stated), received)
    assert fix.time_us == us(expected)
    late = us(received) - us(expected) > 25 * 86_400_000_000
    assert fix.accuracy_m == (STALE_ACCURACY_M if late else None)


@pytest.mark.parametrize("stated", [day(0), day(5, 24), [(3, 2)]])
def test_a_time_that_cannot_be_is_refused(stated: list[tuple[int, int]]) -> None:
    with pytest.raises(DecodeError, match="time"):
        decode(long(POINT, stated))


@pytest.mark.parametrize("shape", [11, 14, 15])
def test_a_shape_of_unknown_length_is_refused(shape: int) -> None:
    with pytest.raises(DecodeError, match=f"shape {shape}"):
        decode(long([(shape, 4), *POINT[1:]], [(0, 2)]))


@pytest.mark.parametrize(
    "text", ["0A00B8C31A53EB496D", "0A4E73DDA841", "0A8000", "82020101", "0A4"]
)
def test_what_is_cut_short_or_no_report_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match=r"cut short|reserved|not a LIP report|neither"):
        decode(text)


def test_other_pdus_hold_no_position() -> None:
    assert decode("0A5000") == Decoded([], [], [])


def test_elements_after_the_report_are_stepped_over() -> None:
    circle = [(1, 4), (2**20, 25), (2**20, 24), (0, 3), (0, 1), (0, 1), (129, 8)]
    status, result = [(15, 5), (16, 6), (0x8006, 16)], [(12, 5), (8, 6), (200, 8)]
    text = hexed((1, 2), (3, 4), (0, 2), *circle, *status, *result)
    assert only(text).lat == 2**20 * 180 / 2**24
    nowhere = [(0, 4), (0, 3), (0, 1), (0, 1), (129, 8)]
    lengthy = [(1, 5), (0, 6), (1, 7), (0, 64)]
    text = hexed((1, 2), (3, 4), (0, 2), *nowhere, *lengthy, *status, *result)
    assert decode(text).events == (Event(us(NOW), "gps_lost", None, "insufficient satellites"),)
