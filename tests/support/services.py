"""Real PostgreSQL and mosquitto for the tests, each started on a free port and stopped again."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp


class ServiceMissing(Exception):
    """A program or extension that the tests need is not installed."""


def free_port() -> int:
    """A TCP port for this process alone to listen on, now and after whatever stops its server.

    The socket that found it stays bound until this process ends, and never listens: Linux gives the
    port to nobody else who asks for a free one, and still to a server, as those set SO_REUSEADDR.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    probe.detach()
    return port


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    msg = f"nothing listens on port {port}:\n{log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(msg)


def _other_user() -> str | None:
    """Whom to run PostgreSQL as, which refuses root; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    msg = "running as root, and there is no user `postgres` or `nobody` for PostgreSQL"
    raise ServiceMissing(msg)


def postgres_bin() -> Path:
    """Where initdb and postgres are, of the newest PostgreSQL that has PostGIS.

    Raises ServiceMissing where there is none.
    """
    debian = Path("/usr/lib/postgresql")
    folders = sorted(debian.glob("*/bin"), key=lambda bin_: int(bin_.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and _has_postgis(folder):
            return folder
    msg = "no PostgreSQL with PostGIS (Debian: apt-get install postgresql-postgis)"
    raise ServiceMissing(msg)


def _has_postgis(folder: Path) -> bool:
    version = folder.parent.name
    shares = (Path("/usr/share/postgresql") / version, folder.parent / "share" / "postgresql")
    return any((share / "extension" / "postgis.control").exists() for share in shares)


@dataclass
class Postgres:
    """One cluster, made for the tests: trusts local connections, keeps its promises to the disk."""

    port: int
    folder: Path
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        bin_, log = postgres_bin(), self.folder / "log"
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder)}
        options |= {"port": str(self.port), "max_connections": "50", "fsync": "on"} | self.settings
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                [bin_ / "postgres", "-D", self.folder / "data", *arguments],
                stderr=stream,
                cwd="/",
                user=_other_user(),
            )
        _wait_until_open(self.port, self.process, log)
        # An open port is not enough: for a moment it only says that the server is starting up.
        ready = [str(bin_ / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode == 1:
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            _stop(self.process, fast=True)
            self.process = None

    def kill(self) -> None:
        """Ends all its processes at once, as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # or it would see the others die, and recover
        for pid in _children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def _children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True)
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of in pairs if int(of) == parent]


def in_memory() -> Path | None:
    """A folder in memory that has room for the clusters of all workers; None where there is none.

    Those of the others may not be there yet, or not yet as large as they become.
    """
    folder = Path("/dev/shm")  # noqa: S108 -- names in it are made by mkdtemp
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    roomy = folder.is_dir() and shutil.disk_usage(folder).free > workers * (2 << 30)
    return folder if roomy else None


@contextlib.contextmanager
def postgres(
    settings: dict[str, str] | None = None, *, within: Path | None = None
) -> Iterator[Postgres]:
    """Makes a cluster in a temporary folder, runs it, and takes it away again."""
    bin_, user = postgres_bin(), _other_user()
    root = Path(mkdtemp(prefix="beatkeeper-pg-", dir=within))
    if user:
        shutil.chown(root, user)
    initdb: list[Path | str] = [bin_ / "initdb", "-D", root / "data", "-U", "postgres"]
    subprocess.run(
        [*initdb, "-A", "trust", "-E", "UTF8", "--locale=C"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        user=user,
    )
    cluster = Postgres(free_port(), root, settings or {})
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(root, ignore_errors=True)


def _stop(process: subprocess.Popen[bytes], *, fast: bool = False) -> None:
    process.send_signal(signal.SIGINT if fast else signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass
class Mosquitto:
    """One broker with its own folder, which outlives a restart."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.folder / "log"
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                [mosquitto_path(), "-c", self.folder / "mosquitto.conf"],
                stdout=stream,
                stderr=stream,
            )
        _wait_until_open(self.port, self.process, log)

    def stop(self) -> None:
        if self.process is not None:
            _stop(self.process)
            self.process = None

    def kill(self) -> None:
        """Ends it at once; what it had not written to its folder is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def saved(self) -> float:
        """When it last wrote its sessions and messages to disk; seconds since the Unix epoch."""
        return (self.folder / "mosquitto.db").stat().st_mtime


def mosquitto_path() -> str:
    """The broker's program. Raises ServiceMissing where it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        msg = "no mosquitto (Debian: apt-get install mosquitto)"
        raise ServiceMissing(msg)
    return found


def ogrinfo_path() -> str:
    """GDAL's program that says what a data source holds. Raises ServiceMissing without it."""
    found = shutil.which("ogrinfo")
    if found is None:
        msg = "no ogrinfo (Debian: apt-get install gdal-bin)"
        raise ServiceMissing(msg)
    return found


@contextlib.contextmanager
def mosquitto(*, saves_each_change: bool = True) -> Iterator[Mosquitto]:
    """Runs a broker that asks for no password and keeps sessions on disk."""
    folder = Path(mkdtemp(prefix="beatkeeper-mqtt-"))
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
        *(["autosave_on_changes true", "autosave_interval 1"] if saves_each_change else []),
        "max_queued_messages 0",
    ]
    if os.geteuid() == 0:
        lines.append("user root")
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    broker = Mosquitto(port, folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)
