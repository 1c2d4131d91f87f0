from datetime import datetime
from typing import Any

import pytest
from protocol_vectors import vectors

from ingest.decoders import taip
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.errors import DecodeError
from ingest.message import Decoded

NOW = 1_772_399_045_000_000  # 2026-03-01T21:04:05Z
DAY = 86_400_000_000
RPV = ">RPV46640+4197412-0752857900015802;ID=5102;*71<"
RLN = (
    ">RLN83830000+490256603+1220996704+000001240000+000000000813000700080019002300280003002500"
    "000000000012<"
)


def decode(text: str, received_us: int = NOW) -> Decoded:
    return taip.decode(text.encode(), received_us)


@pytest.mark.parametrize("vector", vectors("taip"))
def test_messages_read_as_their_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    (fix,) = decode(vector["text"]).fixes
    assert (fix.device, fix.lat, fix.lon) == (expect["id"], expect["lat"], expect["lon"])
    if "time" in expect:
        assert fix.time_us == round(datetime.fromisoformat(expect["time"]).timestamp() * 1e6)
    else:
        assert fix.time_us == NOW // DAY * DAY + expect["utc_seconds_of_day"] * 1_000_000
    if "speed_mph" in expect:
        assert fix.speed_mps == pytest.approx(expect["speed_mph"] * 0.44704)
        assert fix.heading_deg == expect["course"]


def test_the_long_message_has_decimals_and_feet() -> None:
    # The example of Cypress Solutions' message reference.
    (fix,) = decode(RLN).fixes
    assert (fix.lat, fix.lon) == (49.0256603, 122.0996704)
    assert fix.altitude_m == pytest.approx(1.24 * 0.3048)
    assert (fix.speed_mps, fix.heading_deg) == (0.0, 0.0)
    assert fix.time_us % DAY == 83_830_000_000
    (fix,) = decode(RLN.replace("0000+000000000813", "0105+000012340813")).fixes
    assert (fix.speed_mps, fix.heading_deg) == (pytest.approx(10.5 * 0.44704), 123.4)


@pytest.mark.parametrize(("clock", "days"), [(86_399, -1), (60, 0)])
def test_seconds_of_the_day_belong_to_the_nearest_day(clock: int, days: int) -> None:
    just_after_midnight = NOW // DAY * DAY + 30_000_000
    text = f">RPV{clock:05}+4197412-0752857900015802<"
    (fix,) = decode(text, just_after_midnight).fixes
    assert fix.time_us == NOW // DAY * DAY + days * DAY + clock * 1_000_000


def test_what_is_no_fix_is_none_and_what_is_old_cannot_count() -> None:
    body = "RPV46640+4197412-07528579000158"
    assert decode(f">{body}92<") == Decoded([], [], [])
    assert decode(f">{body}00<") == Decoded([], [], [])
    assert decode(f">{body}01<").fixes[0].accuracy_m == STALE_ACCURACY_M
    assert decode(f">{body}12<").fixes[0].accuracy_m is None
    assert decode(">RGP230615010248-2682523-065236820000000007F4101<").fixes == []


def test_a_checksum_may_take_in_its_star_or_not_and_a_wrong_one_is_refused() -> None:
    assert decode(RPV.replace("*71", "*5B")) == decode(RPV)
    with pytest.raises(DecodeError, match="checksum: '72' where 71"):
        decode(RPV.replace("*71", "*72"))


def test_lines_and_messages_on_one_line_are_read_and_bad_ones_numbered() -> None:
    decoded = decode(f"{RPV}{RPV}\r\nhello\r\n>RPV1<\r\n{RPV.replace('71', '70')}\r\n{RPV}")
    assert decoded.indexes == [0, 0, 4]
    assert [bad.index for bad in decoded.rejected] == [1, 2, 3]


def test_other_messages_hold_no_position() -> None:
    assert decode(">RTM12345<") == Decoded([], [], [])
    assert decode(">RAL55780+00003-00002<") == Decoded([], [], [])


def test_a_gps_week_that_ran_over_is_moved_to_receipt() -> None:
    week, day, second = (2408 - 1024, 0, 75_845)  # 2026-03-01T21:04:05Z is in week 2408
    text = f">REV01{week}{day}{second:05}+2578391-0802945201228512<"
    assert decode(text).fixes[0].time_us == NOW
    assert [event.kind for event in decode(text).events] == ["clock_corrected"]
    before = text.replace(f"REV01{week}{day}", f"REV01{week - 1}{day}")
    assert decode(before + text).fixes[0].time_us == NOW - 7 * DAY
    assert decode(text, NOW + 2 * DAY).events == ()
    assert decode(text, NOW + 2 * DAY).fixes[0].time_us == NOW - 1024 * 7 * DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RPV",
        "><",
        ">RPV99999+4197412-0752857900015802<",
        ">RPV46640+419741-0752857900015802<",
        ">RGP320615010248-2682523-065236820000003007F4101<",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode(text)
