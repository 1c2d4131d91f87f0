"""`beatkeeper mosquitto`: the files by which a mosquitto knows our devices, kept up to date."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from app.access.mosquitto import Files, Service, files
from app.access.secrets import PASSWORD_ROUNDS, new_mqtt_hash
from app.cli.opening import fail, with_database
from app.cli.serve import read_settings
from app.settings import Settings
from app.storage import directory, keys
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from ingest.broker import Broker
from ingest.trial import CLIENT_ID

LOOK_EVERY_S: Final = 1.0
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

    async def keep(opened: Database) -> None:
        stamp, made = await _read(opened, service, reserved)
        writing.put(made)
        while watch:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                async with opened.read() as reader:
                    changed = await directory.stamp(reader) != stamp
                if changed:
                    stamp, made = await _read(opened, service, reserved)
                    await asyncio.to_thread(writing.put, made)
            except DatabaseUnavailable as exc:
                writing.tell(f"the files stay as they are: {exc}")

    try:
        with_database(settings.database, keep)
    except _Unwritten as exc:
        fail(str(exc))


def _service(settings: Settings) -> Service:
    broker = None if settings.mqtt is None else Broker.from_url(settings.mqtt)
    if broker is None or not broker.username or ":" in broker.username:
        fail("give the service's own user, as BEATKEEPER_MQTT=mqtt://USER:PASSWORD@HOST", 2)
    password = broker.password
    # Somebody may have thought of it, and who reads the file is not to find it out.
    hashed = None if password is None else new_mqtt_hash(password, PASSWORD_ROUNDS)
    return Service(broker.username, hashed, settings.mqtt_owntracks)


async def _read(
    opened: Database, service: Service, reserved: frozenset[str]
) -> tuple[directory.Stamp, Files]:
    async with opened.read() as reader:
        stamp = await directory.stamp(reader)
        return stamp, files(service, await keys.logins(reader), reserved)


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

    def put(self, made: Files) -> None:
        """Writes both files and tells mosquitto, if anything is new. Raises _Unwritten."""
        if made == self._written:
            return
        # Whoever is locked is to be without a password first.
        for file, text in ((self.passwords, made.passwords), (self.acl, made.access)):
            try:
                _replace(file, text, self.group)
            except (OSError, LookupError) as exc:
                msg = f"cannot write {file}: {exc}"
                raise _Unwritten(msg) from exc
        self._written = made
        for line in made.left_out:
            self.tell(line)
        users = made.passwords.count("\n")
        typer.echo(f"{self.passwords} and {self.acl} are written: {users} users with a password")
        self._signal()

    def tell(self, text: str) -> None:
        """Says what is wrong, once as long as it stays so."""
        if text != self._told:
            typer.echo(f"beatkeeper: {text}", err=True)
            self._told = text

    def _signal(self) -> None:
        try:
            if self.pid_file is not None:
                os.kill(int(self.pid_file.read_text()), signal.SIGHUP)
            if self.then:
                subprocess.run(self.then, check=True, timeout=_COMMAND_S)  # noqa: S603 -- the operator's own
        except (OSError, ValueError, subprocess.SubprocessError) as exc:
            self.tell(f"mosquitto has not been told to read them anew: {exc}")


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
