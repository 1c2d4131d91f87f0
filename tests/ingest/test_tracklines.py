"""Text files by the block: the same lines whatever its size."""

from pathlib import Path

import pytest

from ingest.tracklines import LONGEST_LINE, SHOWN, BadLine, BadLines, TrackFileError, line_blocks


def lines(path: Path, block_bytes: int) -> list[str]:
    return [line for block, _ in line_blocks(path, block_bytes) for line in block]


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
    read = [read for _, read in line_blocks(path, 5)]
    assert read == sorted(read)
    assert read[-1] == 13


def test_a_file_without_line_ends_is_not_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\n" + bytes(2 * LONGEST_LINE))
    found = line_blocks(path, 1 << 16)
    assert next(found)[0] == ["a"]
    with pytest.raises(TrackFileError, match=f"{path} has a line of more than"):
        next(found)


def test_of_many_bad_lines_the_first_are_kept() -> None:
    bad = BadLines()
    for block in range(3):
        found = [BadLine("file", f"line {60 * block + i}", "why") for i in range(60)]
        bad.add(found, 1000)
    assert bad.count == 3000
    assert [line.place for line in bad.shown] == [f"line {i}" for i in range(SHOWN)]
