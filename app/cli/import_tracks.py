"""`beatkeeper import tracks`: files of handhelds and loggers, straight into the database."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, Final, cast

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import Progress

from app.access.audit import Act, Whose
from app.cli.accounting import accounted, ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.cli.serve import read_settings
from app.clock import system_clock
from app.collecting import Store
from app.minimising import Kept, Minimising
from app.pipeline import Pipeline
from app.settings import Settings
from app.storage import directory
from app.storage.engine import Database
from ingest.batch import Batcher
from ingest.columns import Columns
from ingest.errors import StorageUnavailable, Unstorable
from ingest.intake import Intake
from ingest.screen import Verdict
from ingest.sender import Sender
from ingest.trackintake import FileReceipt, TrackIntake
from ingest.tracksource import TrackFileError

IN_PART: Final = 1  # exit status: done, but some of it was bad
NOT_DONE: Final = 2
STOPPED: Final = 130  # as shells have it
SHOWN: Final = 10  # things wrong with a file that are told one by one, each where it is first


@dataclass(frozen=True, slots=True)
class _Work:
    """Where files go, and what became of each; these grow as it goes on."""

    database: Database
    settings: Settings
    receipts: list[FileReceipt]
    devices: set[int] = field(default_factory=set)

    def over(self, store: Store) -> Store:
        """The same store, which also remembers whose fixes it took."""

        async def remembered(columns: Columns) -> npt.NDArray[np.uint8]:
            verdicts = await store(columns)
            taken = (verdicts == Verdict.STORED) | (verdicts == Verdict.FAR)
            self.devices.update(np.unique(columns.device[taken]).tolist())
            return verdicts

        return remembered


def import_tracks(
    files: Annotated[list[Path], typer.Argument(help="CSV, GPX, FIT, TCX or KML files.")],
    device: Annotated[
        str | None, typer.Option(help="Whose they are, where a CSV has no column that says so.")
    ] = None,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Takes tracks into the database, as if their devices had sent them; the service may run.

    What is in the database already is counted and left as it is, so that a file may be given again.
    """
    settings = read_settings(database=database)
    receipts: list[FileReceipt] = []
    try:
        with_database(
            settings.database,
            lambda opened: _accounted(_Work(opened, settings, receipts), files, device),
        )
    except KeyboardInterrupt:
        typer.echo("beatkeeper: stopped; what was stored so far stays", err=True)
        raise typer.Exit(STOPPED) from None
    finally:
        for receipt in receipts:
            _tell(receipt)
    if not any(receipt.accepted + receipt.duplicates for receipt in receipts):
        raise typer.Exit(NOT_DONE)
    if any(receipt.rejected_count or receipt.error for receipt in receipts):
        raise typer.Exit(IN_PART)


def _names(files: Sequence[Path]) -> str:
    return ", ".join(file.name for file in files)


async def _accounted(work: _Work, files: Sequence[Path], device: str | None) -> None:
    """Takes in all files; the audit log says of whom, however far it came."""
    try:
        await _take(work, files, device)
    finally:
        whose = Whose(devices=frozenset(work.devices))
        fixes = sum(receipt.accepted for receipt in work.receipts)
        entry = ran(Act.COLLECTION, "import tracks", whose, files=_names(files), fixes=fixes)
        async with (await accounted(work.database, entry)).write():
            pass


async def _take(work: _Work, files: Sequence[Path], device: str | None) -> None:
    """Takes in all files; `receipts` says how far it came, whatever happens."""
    settings, sender = work.settings, await _sender(work.database, device)
    pipeline = Pipeline(
        work.database,
        system_clock,
        max_ahead_s=settings.max_ahead_s,
        raw_retention_days=settings.raw_retention_days,
        minimising=Minimising.of(Kept(settings.keep), settings.neighbourhood_m),
    )
    ahead_us = round(settings.max_ahead_s * 1e6)
    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    async with Batcher(work.over(pipeline.store), max_fixes=settings.batch_fixes) as batcher:
        intake = Intake(batcher.submit, _nothing, _nothing, max_ahead_us=ahead_us)
        tracks = TrackIntake(intake, sender, system_clock())
        with bar:
            for path in files:
                receipt = FileReceipt(str(path))
                work.receipts.append(receipt)
                await _file(tracks, path, receipt, bar)


async def _file(tracks: TrackIntake, path: Path, receipt: FileReceipt, bar: Progress) -> None:
    """Takes in one file. Ends the command where storage is away."""
    task = bar.add_task(path.name, total=_size(path))
    try:
        with path.open("rb", buffering=0) as file:
            await tracks.take(
                cast("BinaryIO", file), receipt, show=lambda done: bar.update(task, completed=done)
            )
    except OSError as exc:
        receipt.error = f"{path} cannot be read: {exc.strerror or exc}"
    except (TrackFileError, Unstorable) as exc:
        receipt.error = str(exc)
    except StorageUnavailable as exc:
        fail(f"the database is away: {exc}; what was stored so far stays", NOT_DONE)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


async def _sender(database: Database, device: str | None) -> Sender:
    """Who is taken to send: the device, or somebody who may send for all there are."""
    async with database.read() as reader:
        if device is None:
            return _Operator("command line", None, await directory.everybody(reader))
        found = await directory.by_address(reader, "device", device)
    if found is None or found.device is None:
        reason = f"there is no device {device!r}" if found is None else f"{device!r} is a gateway"
        fail(reason, NOT_DONE)
    return _Chosen(found.name, found.device, found.speaks_for)


class _Chosen(Sender):
    """The one device that the files are said to be of."""

    def refusal(self, named: str | None) -> str:
        return f"is of {(named or '')[:80]!r}, and not of {self.name!r}, as --device says"


class _Operator(Sender):
    """Whoever works on the database itself, and may do so for every device."""

    def refusal(self, named: str | None) -> str:
        if named is None:
            return "does not say whose it is: give --device NAME"
        return f"there is no device {named[:80]!r}"


async def _nothing(_: object) -> None:
    """Keep nothing aside: the file itself stays where it is, and holds no events."""


def _tell(receipt: FileReceipt) -> None:
    """Says what became of a file, and what is wrong with it."""
    if receipt.found:
        counts = f"{receipt.accepted} new, {receipt.duplicates} there already"
        typer.echo(f"{receipt.file}: {counts}, {receipt.rejected_count} not taken")
    first = {refusal.detail: refusal for refusal in reversed(receipt.rejected)}
    told = [one for one in receipt.rejected if first[one.detail] is one]
    for refusal in told[:SHOWN]:
        typer.echo(f"beatkeeper: {receipt.file}, {refusal.place}: {refusal.detail}", err=True)
    if len(receipt.unknown_devices) > 1:
        names = ", ".join(map(repr, receipt.unknown_devices))
        typer.echo(f"beatkeeper: {receipt.file}: not taken: lines of {names}", err=True)
    if receipt.columns_not_read:
        names = ", ".join(receipt.columns_not_read)
        typer.echo(f"beatkeeper: {receipt.file}: nothing is read of its columns {names}", err=True)
    if receipt.error:
        typer.echo(f"beatkeeper: {receipt.error}", err=True)
