"""Files that a command writes whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check(out: Path) -> None:
    """Raises OSError where `out` cannot be written, before the work that it is to hold is done."""
    if out.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with tempfile.TemporaryFile(dir=out.resolve().parent):
        pass


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A name beside `out` to write to, which takes its place at the end, or goes where that fails.

    Raises OSError where that cannot be.
    """
    whole = out.resolve()
    # In a folder of its own: processes of different containers may have the same number.
    with tempfile.TemporaryDirectory(prefix=".beatkeeper-", dir=whole.parent) as folder:
        part = Path(folder, whole.name)
        yield part
        if whole.exists():
            shutil.copymode(whole, part)
        part.replace(whole)
