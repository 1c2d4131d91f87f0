"""`beatkeeper devices enrol`: the devices of a table, and a file of their keys."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app import enrolling
from app.access.audit import Act
from app.api.enrolment import table
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.clock import system_clock
from app.enrolling import Keys
from app.importing.problems import Unsound
from app.storage.engine import Database
from app.storage.types import from_us

devices = typer.Typer(help="Enrols devices.", no_args_is_help=True)


@devices.callback()
def _group() -> None:
    """Enrols devices."""


@devices.command()
def enrol(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: name, kind, profile, owntracks, ...")],
    out: Annotated[
        Path, typer.Option(help="The file of names and keys: a new one, which only you may read.")
    ],
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Adds the devices of a table, all of them or none; their keys are in the file, and only there.

    Every problem is told by row and column.
    """
    try:
        data = file.read_bytes()
    except OSError as exc:
        fail(f"cannot read {file}: {exc.strerror}")

    opened_file = _new(out)
    handed_over = False

    def keep(keys: Keys) -> None:
        nonlocal handed_over
        handed_over = True
        try:
            _write(opened_file, table(keys))
        except OSError as exc:  # not the database's, whose transaction this is in
            handed_over = False
            raise _Unwritten(exc.strerror) from exc

    async def store(opened: Database) -> int:
        return await enrolling.take(opened, (file.name, data), from_us(system_clock()), keep)

    done = 0
    try:
        entry = ran(Act.ALTERATION, "devices enrol", file=file.name)
        done = with_database(database, store, entry)
    except Unsound as exc:
        for problem in exc.problems:
            typer.echo(str(problem), err=True)
        number = len(exc.problems) + exc.more
        fail(f"{number} problem{'' if number == 1 else 's'}; nothing was stored")
    except _Unwritten as exc:
        fail(f"cannot write {out}: {exc}; nothing was stored")
    finally:
        os.close(opened_file)
        if not handed_over:
            out.unlink(missing_ok=True)
        elif not done:  # interrupted, perhaps just after the commit: there is no other copy
            said = f"{out} is kept: these devices may be stored, see GET /devices"
            typer.echo(f"beatkeeper: {said}", err=True)
    typer.echo(f"{done} devices enrolled; their keys are in {out}, and nowhere else")


class _Unwritten(Exception):
    """The keys could not be written; its text says why."""


def _new(out: Path) -> int:
    """A new file that only its owner may read, open to be written to."""
    try:
        return os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{out} is there already, with keys in it that may be needed: give another --out")
    except OSError as exc:
        fail(f"cannot write {out}: {exc.strerror}")


def _write(file: int, text: str) -> None:
    with os.fdopen(file, "w", encoding="utf-8", newline="", closefd=False) as opened:
        opened.write(text)
    os.fsync(file)
