"""`beatkeeper mosquitto`: the files by which a mosquitto knows our devices, kept up to date."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from app.access.audit import Act
from app.access.mosquitto import Files, Service, files
from app.access.secrets import new_mqtt_hash
from app.cli.accounting import ran
from app.cli.opening import fail, with_database
from app.cli.serve import read_settings
from app.settings import Settings
from app.storage import directory, keys
from app.storage.engine import Database, Reader
from app.storage.errors import DatabaseUnavailable
from ingest.broker import Broker
from ingest.trial import CLIENT_ID

LOOK_EVERY_S: Final = 1.0
LEAST_PASSWORD: Final = 32
"""Characters of the service's password: random, they outlive every guess at a quick hash.

A slow one would let any stranger hold up mosquitto, which works it out for each login, one by one.
"""
_COMMAND_S: Final = 60.0  # that `--then` may take


def mosquitto(
    passwords: Annotated[Path, typer.Option(help="Mosquitto's `password_file`.")],
    acl: Annotated[Path, typer.Option(help="Mosquitto's `acl_file`.")],
    database: Annotated[
        str | None, typer.Option(help="A SQLite file, or postgresql://USER@HOST/NAME.")
    ] = None,
    mqtt: Annotated[
        str | None,
        typer.Option(help="mqtt[s]://USER[:PASSWORD]@HOST: the service's own user there."),
    ] = None,
    group: Annotated[str | None, typer.Option(help="Mosquitto's group, to read them.")] = None,
    pid_file: Annotated[
        Path | None, typer.Option(help="Of the mosquitto that is to read them anew (SIGHUP).")
    ] = None,
    then: Annotated[
        str | None, typer.Option(help="A command to run instead, once they are written.")
    ] = None,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and write them whenever devices change.")
    ] = False,
) -> None:
    """Writes who may log in to a mosquitto, and what each device may publish and read there.

    A device logs in by its name and its key. Only the group may read the files, or only you. The
    service's own user is that of BEATKEEPER_MQTT, or --mqtt.
    """
    settings = read_settings(database=database, mqtt=mqtt)
    writing = _Writing(
        passwords, acl, group, pid_file, () if then is None else tuple(shlex.split(then))
    )
    service = _service(settings)
    reserved = frozenset({settings.mqtt_client_id, CLIENT_ID})

    async def read(reader: Reader) -> Files:
        return files(service, await keys.logins(reader), reserved)

    try:
        with_database(
            settings.database,
            lambda opened: _keep(opened, read, writing, watch=watch),
            ran(Act.DISCLOSURE, "mosquitto", passwords=passwords, acl=acl),
        )
    except _Unwritten as exc:
        fail(str(exc))


def _service(settings: Settings) -> Service:
    broker = None if settings.mqtt is None else Broker.from_url(settings.mqtt)
    if broker is None or not broker.username or ":" in broker.username:
        fail("give the service's own user, as BEATKEEPER_MQTT=mqtt://USER:PASSWORD@HOST", 2)
    password = broker.password
    if password is not None and len(password) < LEAST_PASSWORD:
        fail(
            f"the password of the service's own user is shorter than {LEAST_PASSWORD} characters, "
            f"and could be guessed: take {LEAST_PASSWORD} random ones, or a certificate",
            2,
        )
    hashed = None if password is None else new_mqtt_hash(password)
    return Service(broker.username, hashed, settings.mqtt_owntracks)


async def _keep(
    opened: Database,
    read: Callable[[Reader], Awaitable[Files]],
    writing: "_Writing",
    *,
    watch: bool,
) -> None:
    """Writes the files; with `watch` again whenever they change, until it is cancelled.

    Raises _Unwritten and DatabaseUnavailable where they cannot even be written at first.
    """
    stamp, made = await _read(opened, read)
    await asyncio.to_thread(writing.put, made)
    while watch:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            async with opened.read() as reader:
                changed = await directory.stamp(reader) != stamp
            if changed:
                stamp, made = await _read(opened, read)
            await asyncio.to_thread(writing.put, made)
        except (DatabaseUnavailable, _Unwritten) as exc:
            writing.tell(f"the files stay as they are: {exc}")


async def _read(
    opened: Database, read: Callable[[Reader], Awaitable[Files]]
) -> tuple[directory.Stamp, Files]:
    async with opened.read() as reader:
        return await directory.stamp(reader), await read(reader)


class _Unwritten(Exception):
    """A file could not be written; its text says which, and why."""


@dataclass(slots=True)
class _Writing:
    """Where the files are, and who is told when they have changed."""

    passwords: Path
    acl: Path
    group: str | None
    pid_file: Path | None
    then: Sequence[str]
    _told: str = ""
    _written: Files | None = None
    _signalled: Files | None = None

    def put(self, made: Files) -> None:
        """Writes both files and tells mosquitto, whichever is yet to be done. Raises _Unwritten."""
        if made != self._written:
            self._write(made)
        if made != self._signalled and self._signal():
            self._signalled = made
        if made == self._signalled:
            self._told = ""

    def tell(self, text: str) -> None:
        """Says what is wrong, once as long as it stays so."""
        if text != self._told:
            typer.echo(f"beatkeeper: {text}", err=True)
            self._told = text

    def _write(self, made: Files) -> None:
        # Whoever is locked is to be without a password first.
        for file, text in ((self.passwords, made.passwords), (self.acl, made.access)):
            try:
                _replace(file, text, self.group)
            except (OSError, LookupError) as exc:
                msg = f"cannot write {file}: {exc}"
                raise _Unwritten(msg) from exc
        known = () if self._written is None else self._written.left_out
        self._written = made
        for line in made.left_out:
            if line not in known:
                typer.echo(f"beatkeeper: {line}", err=True)
        users = made.passwords.count("\n")
        typer.echo(f"{self.passwords} and {self.acl} are written: {users} users with a password")

    def _signal(self) -> bool:
        try:
            if self.pid_file is not None:
                _hang_up(self.pid_file)
            if self.then:
                subprocess.run(self.then, check=True, timeout=_COMMAND_S)  # noqa: S603 -- the operator's own
        except (OSError, ValueError, subprocess.SubprocessError) as exc:
            self.tell(f"mosquitto has not been told to read them anew: {exc}")
            return False
        return True


def _hang_up(pid_file: Path) -> None:
    """Sends a SIGHUP to the mosquitto whose number is in a file. Raises OSError, ValueError."""
    pid = int(pid_file.read_text())
    # After a crash the number may be another program's, which a SIGHUP would end.
    if Path("/proc/self").exists() and Path(f"/proc/{pid}/comm").read_text() != "mosquitto\n":
        msg = f"{pid_file} names process {pid}, which is no mosquitto"
        raise ValueError(msg)
    os.kill(pid, signal.SIGHUP)


def _replace(file: Path, text: str, group: str | None) -> None:
    """Puts a whole file in the place of another, which only we, or the group too, may read."""
    number, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.resolve().parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as part:
            part.write(text)
            part.flush()
            os.fsync(number)
        if group is not None:
            shutil.chown(name, group=group)
            Path(name).chmod(0o640)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
