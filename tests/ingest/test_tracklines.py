"""Text files by the block: the same lines whatever its size."""

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.tracklines import (
    LONGEST_LINE,
    SHOWN,
    BadLine,
    BadLines,
    Lines,
    clipped,
    line_blocks,
)
from ingest.tracksource import TrackFileError, open_track


def blocks(path: Path, block_bytes: int) -> Iterator[Lines]:
    with open_track(path) as source:
        yield from line_blocks(source, block_bytes)


def lines(path: Path, block_bytes: int) -> list[str]:
    return [line for block in blocks(path, block_bytes) for line in block.text]


def faults(path: Path, block_bytes: int) -> dict[int, str]:
    """What is wrong with which lines, counted from 0."""
    found, before = dict[int, str](), 0
    for block in blocks(path, block_bytes):
        found |= {before + position: fault for position, fault in block.faults.items()}
        before += len(block.text)
    return found


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"one", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\n\n\ntwo", ["one", "", "", "two"]),
        (b"one\r\ntwo\r\n", ["one\r", "two\r"]),
        (b"one\rtwo\r\rthree", ["one", "two", "", "three"]),
        (b"one\rtwo\n\r\n", ["one\rtwo", "\r"]),
        (b"\xef\xbb\xbfone\n\xef\xbb\xbftwo", ["one", "\ufefftwo"]),
        ("\u00e9\u20ac\n\U0001f600".encode(), ["\u00e9\u20ac", "\U0001f600"]),
        (b"a\xff\n\xe2\x82\nb\xe2\x82", ["a\ufffd", "\ufffd", "b\ufffd"]),
    ],
)
def test_lines_are_whole_whatever_the_block(
    tmp_path: Path, content: bytes, expected: list[str], block_bytes: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert lines(path, block_bytes) == expected


def test_what_was_read_grows_to_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\nthree")
    read = [block.bytes_read for block in blocks(path, 5)]
    assert read == sorted(read)
    assert read[-1] == 13


@pytest.mark.parametrize("block_bytes", [1, 3, 1000])
def test_lines_that_are_not_utf_8_are_told(tmp_path: Path, block_bytes: int) -> None:
    path = tmp_path / "file"
    path.write_bytes("Jörg\n".encode() + b"J\xf6rg\nJ\xfcrg\n\xe2\x82\na\nb\xe2\x82")
    assert faults(path, block_bytes) == dict.fromkeys((1, 2, 3, 5), "is not UTF-8")


@pytest.mark.parametrize(("before", "ending"), [(0, b"\n"), (1 << 20, b"\n"), (1, b"\r")])
@pytest.mark.parametrize("block_bytes", [1 << 16, LONGEST_LINE - 1, 4 << 20, 16 << 20])
def test_a_line_too_long_is_told_wherever_it_lies_and_its_neighbours_are_whole(
    tmp_path: Path, before: int, block_bytes: int, ending: bytes
) -> None:
    mark, euro = b"\xef\xbb\xbf", "\u20ac".encode()
    limit = euro * (LONGEST_LINE // 3) + b"x" * (LONGEST_LINE % 3)
    parts = [*[b"one"] * before, limit, limit + b"x", b"two", bytes(5 << 20), b"three"]
    path = tmp_path / "file"
    path.write_bytes(mark + ending.join(parts))
    found = lines(path, block_bytes)
    expected = [*["one"] * before, limit.decode(), "", "two", "", "three"]
    assert found == expected
    long = "is longer than 1 MiB"
    assert faults(path, block_bytes) == {before + 1: long, before + 3: long}


def test_a_file_without_line_ends_is_not_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\n" + bytes(64 << 20))
    tracemalloc.start()
    try:
        assert lines(path, 1 << 16) == ["a", ""]
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (gzip.compress(gzip.compress(b"device,time,lat,lon\n")), "is packed twice"),
        (b"PK\x03\x04\x14\x00", "is a ZIP archive that cannot be read"),
        (b"PAR1\x15", "is Parquet"),
        ("device,time,lat,lon\n".encode("utf-16"), "is UTF-16"),
        (b"\xef\xbb\xbf\n <?xml version='1.0'?><svg/>", "is XML"),
        (b'{"lat": 1}\n{"lat": 2}\n', "is JSON"),
    ],
    ids=lambda part: part if isinstance(part, str) else "what",  # a packed file holds the time
)
def test_a_file_of_another_kind_is_told_by_how_it_begins(
    tmp_path: Path, begin: bytes, kind: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(begin)
    with pytest.raises(TrackFileError, match=f"{path} {kind}"):
        lines(path, 1000)


def test_what_a_message_quotes_is_short() -> None:
    assert clipped("x" * 60) == "x" * 60
    assert clipped("x" * 61) == "x" * 60 + "\u2026"


def test_of_many_bad_lines_the_first_are_kept() -> None:
    bad = BadLines()
    for block in range(3):
        found = [BadLine("file", f"line {60 * block + i}", "why") for i in range(60)]
        bad.add(found, 1000)
    assert bad.count == 3000
    assert [line.place for line in bad.shown] == [f"line {i}" for i in range(SHOWN)]
