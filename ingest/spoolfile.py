"""The files of the spool: whose they are, and bytes that are on the disk before anybody is told."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENDING: Final = ".spool"
DAMAGED: Final = ".damaged"

_MODE: Final = 0o600  # positions of people
_FOLDER_MODE: Final = 0o700


@dataclass(slots=True)
class Segment:
    """One file of a run of the service; `count` messages of it are still to be stored.

    `size` is what this process has written; `damaged`: some of it is lost; `unreadable`: it could
    not be opened when it was tried last.
    """

    path: Path
    count: int = 0
    size: int = 0
    damaged: bool = False
    unreadable: bool = False
    descriptor: int | None = None

    @property
    def run(self) -> str:
        """Give the run that wrote it."""
        return run_of(self.path)

    def create(self) -> None:
        """Make the file, so that it is there after a power cut too. Raises OSError."""
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        sync_folder(self.path.parent)

    def append(self, data: bytes) -> None:
        """Write bytes and wait for the disk; all of them are there afterwards, or none.

        Is not to be written to again after it raised anything, such as OSError.
        """
        assert self.descriptor is not None  # noqa: S101 -- create() comes before
        try:
            _write(self.descriptor, data)
            os.fsync(self.descriptor)
        except Exception:
            # After a failed fsync nobody knows what is on the disk: it must not look like a record.
            os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)

    def deleted(self) -> bool:
        """Tell whether somebody has deleted the file while it is open."""
        return self.descriptor is not None and not os.fstat(self.descriptor).st_nlink

    def seal(self) -> None:
        """Close the file for good."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def remove(self) -> None:
        """Delete the file, or keep it under another name where some of it could not be read."""
        if self.damaged:
            self.path.rename(self.path.with_suffix(DAMAGED))
        else:
            self.path.unlink(missing_ok=True)


def run_of(path: Path) -> str:
    """Give the run that a file of the spool belongs to: its name up to the first dot."""
    return path.name.partition(".")[0]


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def make_folder(folder: Path) -> None:
    """Make the spool's folder if it is not there, for nobody but ourselves. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(_FOLDER_MODE, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk knows which files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def used(folder: Path) -> int:
    """Give how many bytes the files of a folder have, those kept aside too."""
    with os.scandir(folder) as entries:
        return sum(_size(entry) for entry in entries)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # another process has stored it meanwhile
        return 0


class Lock:
    """A run's files are those of the process that holds its lock, and of nobody once that dies."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, run: str) -> "Lock | None":
        """Lock a run; None if another process has it."""
        path = folder / f"{run}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:  # whoever held it has just been done with the run
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def release(self, *, done: bool) -> None:
        """Let go of a run; `done`: it has no files any more."""
        if done:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
