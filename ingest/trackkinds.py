"""Kinds of files that people have, told by how they begin."""

import re
from typing import Final

UNPACK: Final = "unpack it first"
GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
BINARY: Final = {
    GZIP: f"is packed twice: {UNPACK}",  # one time is undone
    ZIP: f"is packed twice: {UNPACK}",
    b"BZh": f"is packed with bzip2: {UNPACK}",
    b"\xfd7zXZ": f"is packed with xz: {UNPACK}",
    b"\x28\xb5\x2f\xfd": f"is packed with zstd: {UNPACK}",
    b"PAR1": "is Parquet, not a track",
    b"SQLite format 3": "is a SQLite database, not a track",
}
CSV: Final = "csv"  # and whatever is nothing else
FIT: Final = b".FIT"
FIT_AT: Final = 8  # bytes into the file; the other marks stand at its begin
UTF8_MARK: Final = b"\xef\xbb\xbf"
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

BEGIN_BYTES: Final = 4096  # enough of a file to tell its kind
ROOTS: Final = {b"gpx": "gpx", b"TrainingCenterDatabase": "tcx", b"kml": "kml"}
ENDINGS: Final = {".gpx": "gpx", ".fit": "fit", ".tcx": "tcx", ".kml": "kml", ".kmz": "kml"}
# What may stand before the first element of XML: instructions, comments, a type. What one of them
# has matched is not tried again otherwise, as that could take for ever.
_ROOT: Final = re.compile(
    rb"\s*+(?>(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*)?>)\s*+)*+"
    rb"<(?:[\w.-]+:)?([\w.-]+)",
    re.DOTALL,
)


def kind_of(begin: bytes, ending: str) -> str:
    """Tell what kind of track a file is that begins so: gpx, fit, tcx, kml, else csv.

    Where its begin does not say, the `ending` of its name (".gpx") does: what is wrong with such a
    file is then told by the reader of what it should be.
    """
    if begin.startswith(FIT, FIT_AT):
        return "fit"
    text = begin.removeprefix(UTF8_MARK)
    if begin.startswith(UTF16_MARKS):
        text = begin.decode("utf-16", "ignore").encode()
    root = _ROOT.match(text)
    if root and root[1] in ROOTS:
        return ROOTS[root[1]]
    return ENDINGS.get(ending.lower(), CSV)


def known_binary(begin: bytes) -> str | None:
    """Say what a file that begins so is, if it is of a binary kind that people have; else None."""
    return next((kind for mark, kind in BINARY.items() if begin.startswith(mark)), None)


def known_text(begin: bytes) -> str | None:
    """Say what a file that begins so is, if it is text of another kind than CSV; else None."""
    if begin.startswith(UTF16_MARKS):
        return "is UTF-16: save it as UTF-8"
    text = begin.removeprefix(UTF8_MARK).lstrip()
    if text.startswith(b"<"):
        return "is XML, but neither GPX, TCX nor KML"
    if text.startswith((b"{", b"[")):
        return "is JSON, not a track file"
    return None
