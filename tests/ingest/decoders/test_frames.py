import pytest

from ingest.decoders import dating, frames
from ingest.decoders.bits import Bits
from ingest.decoders.frames import Frame
from ingest.decoders.gathering import MAX_REJECTED, Report
from ingest.errors import DecodeError

NOW = 1_772_399_045_000_000


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        ("0A00B8C", Frame("0A00B8C")),
        ("0x0a00b8", Frame("0a00b8")),
        ("0A 00 B8", Frame("0A00B8")),
        ("1234567 0A00B8", Frame("0A00B8", "1234567")),
        ("unit-7: 0A00B8", Frame("0A00B8", "unit-7")),
        ("356938035643809,0A00B8", Frame("0A00B8", "356938035643809")),
    ],
)
def test_a_line_is_a_frame_and_perhaps_a_name(line: str, frame: Frame) -> None:
    assert frames.from_line(line) == frame


@pytest.mark.parametrize("line", ["", "0A0", "hello", "1772399045 0A00B8", "1772399045.5 0A00B8"])
def test_what_is_no_frame_or_named_by_a_clock_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        frames.from_line(line)


def test_a_raw_frame_with_line_ends_in_it_is_not_text() -> None:
    assert not frames.is_text(bytes.fromhex("0A00B8C31A0D3EB490A6D6200"[:24]))
    assert frames.is_text(b"\xff\xfe\n0A00B8C3\n")
    assert frames.is_text(b"+CTSDSR: 12,1,2,84\r\n")


def test_lines_are_numbered_as_an_editor_does_less_one() -> None:
    assert list(frames.numbered_lines(b"a\r\n\n b \n\0\nc")) == [(0, "a"), (2, "b"), (4, "c")]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"x\n" * (MAX_REJECTED + 1), "more than"),
        (b"AB" * 3000, "too long"),
        (b"\x80" * 60_000, "more than 50000 frames"),
    ],
)
def test_a_flood_is_refused_as_a_whole(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        frames.decode_each(payload, NOW, lambda *_: Report(), lambda raw: [raw[:1]] * len(raw))


def test_no_more_of_a_flood_is_parted_than_it_takes_to_tell_it() -> None:
    parts = iter([b"\x80"] * 1_000_000)
    with pytest.raises(DecodeError, match="more than"):
        frames.decode_each(b"\x80", NOW, lambda *_: Report(), lambda _: parts)
    assert len(list(parts)) == 1_000_000 - frames.MAX_PARTS - 1


def test_bits_are_read_from_the_left_and_never_past_the_end() -> None:
    bits = Bits("A5F")
    assert (bits.peek(4), bits.number(4), bits.signed(3), bits.left) == (10, 10, 2, 5)
    bits.cut(3)
    assert (bits.signed(3), bits.left, bits.peek(1)) == (-1, 0, 0)
    with pytest.raises(ValueError, match="cut short"):
        bits.number(1)
    with pytest.raises(ValueError, match="cut short"):
        Bits("").cut(1)


@pytest.mark.parametrize("date", [(2026, 2, 29), (2026, 13, 1), (0, 1, 1), (16_383, 1, 1)])
def test_dates_that_are_none_are_refused(date: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is no date"):
        dating.midnight(*date)
