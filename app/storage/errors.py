"""What can go wrong below, in words of ours."""


class StorageError(Exception):
    """The root of these errors."""


class DatabaseUnavailable(StorageError):
    """The database cannot be reached, is locked, or stopped answering: nothing was stored."""


class NotFound(StorageError):
    """There is no such thing, or it is not the asker's to see."""


class Conflict(StorageError):
    """What was asked contradicts what is stored."""


class SchemaMismatch(StorageError):
    """The database's schema cannot be used by this version."""


class Refused(StorageError):
    """What was to be written cannot be: which field is wrong, and what is wrong with it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what
