"""Kinds of files that hold no tracks for us, told by how they begin."""

from typing import Final

UNPACK: Final = "unpack it first"
BINARY: Final = {
    b"\x1f\x8b": f"is packed with gzip: {UNPACK}",
    b"BZh": f"is packed with bzip2: {UNPACK}",
    b"\xfd7zXZ": f"is packed with xz: {UNPACK}",
    b"\x28\xb5\x2f\xfd": f"is packed with zstd: {UNPACK}",
    b"PK\x03\x04": f"is a ZIP archive or a workbook: {UNPACK}, or save its sheet as CSV",
    b"PAR1": "is Parquet, neither CSV nor GPX",
    b"SQLite format 3": "is a SQLite database, neither CSV nor GPX",
}
FIT: Final = b".FIT"
FIT_AT: Final = 8  # bytes into the file; the other marks stand at its begin
UTF8_MARK: Final = b"\xef\xbb\xbf"
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def known_binary(begin: bytes) -> str | None:
    """Say what a file that begins so is, if it is of a binary kind that people have; else None."""
    if begin.startswith(FIT, FIT_AT):
        return "is FIT, neither CSV nor GPX"
    return next((kind for mark, kind in BINARY.items() if begin.startswith(mark)), None)


def known_text(begin: bytes) -> str | None:
    """Say what a file that begins so is, if it is text of another kind than CSV; else None."""
    if begin.startswith(UTF16_MARKS):
        return "is UTF-16: save it as UTF-8"
    text = begin.removeprefix(UTF8_MARK).lstrip()
    if text.startswith(b"<"):
        return "is XML, not CSV (the name of a GPX file ends in .gpx)"
    if text.startswith((b"{", b"[")):
        return "is JSON, neither CSV nor GPX"
    return None
