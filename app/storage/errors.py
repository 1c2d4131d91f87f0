"""What can go wrong below, in words of ours."""

from collections.abc import Sequence
from typing import Final

MOST_SHOWN: Final = 5  # faults in a sentence: as many as one reads


class StorageError(Exception):
    """The root of these errors."""


class DatabaseUnavailable(StorageError):
    """The database cannot be reached, is locked, or stopped answering: nothing was stored."""


class Collision(DatabaseUnavailable):
    """Another transaction stood in the way (deadlock, lock timeout): worth another try at once."""


class NotFound(StorageError):
    """There is no such thing, or it is not the asker's to see."""


class Conflict(StorageError):
    """What was asked contradicts what is stored; `where` is the field that does, if it is one."""

    def __init__(self, what: str, where: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where


class SchemaMismatch(StorageError):
    """The database's schema cannot be used by this version."""


class Refused(StorageError):
    """What was to be written cannot be: which field is wrong, and what is wrong with it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class AllRefused(StorageError):
    """Of a list nothing was written: `faults` say of which entries, by index, what is wrong."""

    def __init__(self, faults: Sequence[tuple[int, Refused]]) -> None:
        shown = "; ".join(f"{index}.{fault}" for index, fault in faults[:MOST_SHOWN])
        more = len(faults) - MOST_SHOWN
        super().__init__(f"{shown}; and {more} more" if more > 0 else shown)
        self.faults = faults
