"""The mosquitto of docs/mosquitto.md, word by word but for its folders, ports and user."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from certificates import Authority, authority
from services import Mosquitto, free_port

PAGE = Path(__file__).parents[2] / "docs/mosquitto.md"
FOLDER = "/etc/mosquitto/beatkeeper/"
PASSWORD = "of-the-service-and-of-nobody-else"
SERVICE = f"mqtt://beatkeeper:{PASSWORD}@127.0.0.1"
# Where Debian's mosquitto keeps what it writes.
ITS_OWN = ("/var/lib/mosquitto/", "/run/mosquitto/")


def documented() -> str:
    """The configuration that the page shows."""
    [shown] = re.findall(r"```conf\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(shown)


@dataclass
class Guarded:
    """A broker with listeners for passwords, for certificates, and for the service."""

    broker: Mosquitto
    by_password: int
    by_certificate: int
    servers: Authority
    devices: Authority

    @property
    def folder(self) -> Path:
        return self.broker.folder

    @property
    def service_url(self) -> str:
        return f"{SERVICE}:{self.broker.port}"

    @property
    def pid_file(self) -> Path:
        """Mosquitto writes it as it starts."""
        return self.folder / "mosquitto.pid"

    @property
    def files(self) -> list[str]:
        """The options that name the two files."""
        return ["--passwords", f"{self.folder}/passwords", "--acl", f"{self.folder}/acl"]


@contextmanager
def guarded() -> Iterator[Guarded]:
    """Makes its certificates and configuration; whoever has written the two files may start it."""
    folder = Path(mkdtemp(prefix="beatkeeper-guarded-"))
    servers, devices = authority(folder / "servers"), authority(folder / "devices")
    made = servers.issue("broker", host="DNS:localhost")
    shutil.copy(made.file, folder / "broker.pem")
    shutil.copy(made.key, folder / "broker.key")
    shutil.copy(devices.file, folder / "devices-ca.pem")
    shutil.copy(devices.revoked, folder / "devices-ca.crl")
    by_password, by_certificate, service = free_port(), free_port(), free_port()
    text = documented()
    for place in (FOLDER, *ITS_OWN):
        text = text.replace(place, f"{folder}/")
    text = text.replace("listener 8883", f"listener {by_password}")
    text = text.replace("listener 8884", f"listener {by_certificate}")
    text = text.replace("listener 1883", f"listener {service}")
    if os.geteuid() == 0:
        text += "user root\n"
    (folder / "mosquitto.conf").write_text(text)
    broker = Mosquitto(service, folder)
    try:
        yield Guarded(broker, by_password, by_certificate, servers, devices)
    finally:
        broker.stop()
        shutil.rmtree(folder)
