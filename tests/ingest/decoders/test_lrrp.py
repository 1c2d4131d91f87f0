from datetime import datetime
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import lrrp
from ingest.errors import DecodeError
from ingest.fix import Event
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
POINT = "0D0F22042468ACE066118ECD8D118AD47B"


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def decode(text: str, received_us: int = NOW) -> Decoded:
    return lrrp.decode(text.encode(), received_us)


def document(tokens: str, kind: str = "0D") -> str:
    return f"{kind}{len(tokens) // 2:02X}{tokens}"


@pytest.mark.parametrize("vector", vectors("motorola-lrrp"))
def test_documents_read_as_their_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    received = us(expect.get("time_rollover_corrected", "2026-03-01T21:04:05Z")) + 60_000_000
    decoded = decode(vector["hex"], received)
    assert lrrp.decode(bytes.fromhex(vector["hex"]), received) == decoded
    if "lat" not in expect:
        assert decoded == Decoded([], [], [])
        return
    (fix,) = decoded.fixes
    assert (fix.lat, fix.lon) == pytest.approx((expect["lat"], expect["lon"]), abs=1e-6)
    assert fix.accuracy_m == expect.get("radius_m")
    assert fix.speed_mps == expect.get("speed_mps")
    assert fix.heading_deg == expect.get("course_deg")
    assert fix.altitude_m == expect.get("alt_m")
    stated = expect.get("time_rollover_corrected", expect.get("time"))
    assert fix.time_us == (us(stated) if stated else received)


def test_a_date_1024_weeks_early_is_moved_only_if_that_brings_it_to_receipt() -> None:
    text = "1315232F341F4AD07B2E66474326660A4D56E46B0B5620"
    for received in ("2022-06-24T07:44:50Z", "2022-06-24T15:00:00Z", "2042-02-07T07:44:46Z"):
        decoded = decode(text, us(received))
        (fix,), (event,) = decoded.fixes, decoded.events
        assert (event.kind, fix.time_us - event.time_us < 86_400_000_000) == (
            "clock_corrected",
            True,
        )
        assert abs(fix.time_us - us(received)) < 12 * 3_600_000_000
        assert datetime.fromtimestamp(fix.time_us / 1e6).second == 46  # noqa: DTZ006 (a second)
    for received in ("2022-06-26T07:44:46Z", "2002-11-08T08:00:00Z", "2022-06-23T07:00:00Z"):
        assert decode(text, us(received)).fixes[0].time_us == us("2002-11-08T07:44:46Z")
    day_before = text.replace("D07B2E", "CE7B2E")
    kept, _ = decode(f"{day_before}\n{text}", us("2022-06-24T07:44:50Z")).fixes
    assert kept.time_us == us("2022-06-23T07:44:46Z")


def test_a_southern_latitude_is_a_size_with_a_sign_and_a_western_longitude_is_not() -> None:
    (fix,) = decode(document("66" + "C0000000" + "C0000000")).fixes
    assert (fix.lat, fix.lon) == (-45.0, -90.0)


def test_the_gateway_names_the_radio() -> None:
    decoded = decode(f"2167005,{POINT}\n2167006: 80{POINT}\n{POINT[:-2]}\n")
    assert [fix.device for fix in decoded.fixes] == ["2167005", "2167006"]
    assert [bad.index for bad in decoded.rejected] == [2]


def test_raw_documents_one_after_another_are_read_and_a_bad_one_costs_only_itself() -> None:
    raw = bytes.fromhex(POINT + document("77") + POINT + POINT[:-2])
    decoded = lrrp.decode(raw, NOW)
    assert decoded.indexes == [0, 2]
    assert [bad.index for bad in decoded.rejected] == [1, 3]


def test_a_table_of_constants_is_stepped_over() -> None:
    (fix,) = decode(document("03AABBCC" + POINT[4:], "0C")).fixes
    assert fix.lat == pytest.approx(12.345345, abs=1e-6)


def test_no_gps_is_an_event_and_other_errors_are_nothing() -> None:
    assert decode(document("3710", "07")).events == (Event(NOW, "gps_lost", None, "no GPS"),)
    assert decode(document("378400", "07")) == Decoded([], [], [])


def test_tokens_after_the_position_that_are_not_known_do_not_cost_it() -> None:
    assert len(decode(document("66118ECD8D118AD47B" + "7799")).fixes) == 1
    with pytest.raises(DecodeError, match="token 77"):
        decode(document("7799" + "66118ECD8D118AD47B"))


def test_a_circle_in_space_has_its_radius_its_height_and_how_sure_that_is() -> None:
    (fix,) = decode(document("55118ECD8D118AD47B" + "0540" + "C12040" + "0300" + "5610")).fixes
    assert (fix.accuracy_m, fix.altitude_m, fix.heading_deg) == (5.5, -160.5, 32.0)


def test_a_course_that_is_none_is_unknown() -> None:
    assert decode(document("66118ECD8D118AD47B" + "56FF")).fixes[0].heading_deg is None


@pytest.mark.parametrize(
    "text",
    [
        POINT[:-2],
        document("34" + "0000000000" + "66118ECD8D118AD47B"),
        document("3501FF"),
        document("36" + "FF" * 6),
        "030100",
        "FFFFFF",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match=r"LRRP|date|cut short"):
        decode(text)
