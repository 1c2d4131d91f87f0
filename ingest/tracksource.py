"""The bytes of a track file, unpacked where it is packed, and no more of them than is sensible."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from ingest.trackkinds import BEGIN_BYTES, ENDINGS, GZIP, ZIP, kind_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_TIMES: Final = 100  # as large as it was packed; a device's track shrinks to a tenth or so
FREE_BYTES: Final = 16 << 20  # which anything may unpack to
MOST_LISTED: Final = 4 << 20  # bytes of a ZIP's list of files, which is read at once
CHUNK_BYTES: Final = 1 << 16
TRACKS: Final = {*ENDINGS, ".csv"}
# What `zipfile` and what it unpacks with may raise over broken bytes.
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
)


class TrackFileError(ValueError):
    """A file that no track can be read from; the message names it and says why."""


class Source:
    """A track file that is open: `file` gives its bytes, unpacked; messages name it by `path`.

    `fault` is why those bytes end before their time, if they do; `passed_over` are the columns of
    which nothing is read, once their names are.
    """

    def __init__(self, path: Path, file: BinaryIO, most_bytes: int | None = None) -> None:
        """Take a file that is open in binary mode, and stays its owner's to close.

        `most_bytes` is how large it may be once it is unpacked. Raises TrackFileError where it
        cannot be unpacked, OSError where it cannot be read.
        """
        self.path = path
        self.fault: TrackFileError | None = None
        self.passed_over: list[str] = []
        self._packed = _Counted(file)
        self._most_bytes = most_bytes
        self._unpacked = 0
        self.file: io.BufferedReader[io.RawIOBase] = io.BufferedReader(self._packed, CHUNK_BYTES)
        ending = path.suffix
        begin = self.file.peek(BEGIN_BYTES)
        if begin.startswith(GZIP):
            inner = gzip.GzipFile(fileobj=self.file)
            self.file = io.BufferedReader(_Unpacked(self, cast("BinaryIO", inner)), CHUNK_BYTES)
            ending = path.with_suffix("").suffix
        elif begin.startswith(ZIP):
            name, member = self._member()
            self.file = io.BufferedReader(_Unpacked(self, member), CHUNK_BYTES)
            ending = PurePath(name).suffix
        self.kind = kind_of(self.file.peek(BEGIN_BYTES), ending)

    @property
    def bytes_read(self) -> int:
        """Give how many bytes of the file as it is stored were read."""
        return self._packed.count

    def _member(self) -> tuple[str, BinaryIO]:
        """Open the one track of a ZIP archive (a KMZ is one), wherever in it that is."""
        if not self._packed.seekable():
            message = f"{self.path} is a ZIP archive, which cannot be read from a pipe"
            raise TrackFileError(message)
        try:
            # Not closed: that would close the file, which is not ours.
            archive = zipfile.ZipFile(_Sparing(self._packed, CHUNK_BYTES))
            inside = archive.infolist()
            tracks = [one for one in inside if PurePath(one.filename).suffix.lower() in TRACKS]
            if len(tracks) == 1:
                _check_method(tracks[0])
                return tracks[0].filename, cast("BinaryIO", archive.open(tracks[0]))
        except BROKEN as exc:
            message = f"{self.path} is a ZIP archive that cannot be read: {exc}"
            raise TrackFileError(message) from exc
        held = f"{len(tracks)} track files: unpack it and give them" if tracks else "no track file"
        advice = "" if tracks else " (of a workbook, save the sheet as CSV)"
        message = f"{self.path} is a ZIP archive with {held}{advice}"
        raise TrackFileError(message)

    def count_unpacked(self, count: int) -> None:
        """Count bytes that were unpacked. Raises TrackFileError where they are too many."""
        self._unpacked += count
        most = max(FREE_BYTES, MOST_TIMES * self.bytes_read)
        if self._unpacked > most:
            message = f"{self.path} unpacks to more than {MOST_TIMES} times its size"
            raise TrackFileError(message)
        if self._most_bytes is not None and self._unpacked > self._most_bytes:
            message = f"{self.path} unpacks to more than {self._most_bytes} bytes: give it in parts"
            raise TrackFileError(message)


def _check_method(member: zipfile.ZipInfo) -> None:
    # Of the others `zipfile` unpacks as much at once as there is.
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        message = f"{member.filename!r} is neither stored nor deflated"
        raise ValueError(message)


@contextmanager
def open_track(path: Path, most_bytes: int | None = None) -> Iterator[Source]:
    """Open a track file by its path. Raises TrackFileError where it cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            yield Source(path, cast("BinaryIO", file), most_bytes)
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc


class _Counted(io.RawIOBase):
    """A file that counts what was read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


class _Sparing(io.BufferedReader):
    """A file that is not read into memory whole, whatever a ZIP says of its list's length."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MOST_LISTED:
            message = "its list of files is too long"
            raise ValueError(message)
        return super().read(size)


class _Unpacked(io.RawIOBase):
    """What a packed file holds. Where it is broken off it ends, and its source has a fault."""

    def __init__(self, source: Source, stream: BinaryIO) -> None:
        self._source = source
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        if self._source.fault is not None:
            return 0
        try:
            data = self._stream.read(min(len(view), CHUNK_BYTES))
            self._source.count_unpacked(len(data))
        except TrackFileError as exc:
            self._source.fault = exc
            return 0
        except BROKEN as exc:
            message = f"{self._source.path} cannot be unpacked to its end: {exc}"
            self._source.fault = TrackFileError(message)
            return 0
        view[: len(data)] = data
        return len(data)
