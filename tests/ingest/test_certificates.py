"""Certificates between the service and a real mosquitto: whose is believed, and whose is not."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import services
from certificates import PAST, Authority, Certificate, authority, self_signed
from memory import NOW_US, identify

from ingest import mqtt
from ingest.broker import Broker, Tls
from ingest.consumer import Consumer
from ingest.intake import Intake

HERE = "DNS:localhost"
ASKS = """\
cafile {folder}/ours.pem
crlfile {folder}/ours.crl
require_certificate true
use_identity_as_username true
acl_file {folder}/acl
"""
ACCESS = "user beatkeeper\ntopic read #\ntopic write beatkeeper/down/#\n"


@dataclass(frozen=True)
class Places:
    """Where authorities and brokers are made."""

    folder: Path
    servers: Authority

    @contextmanager
    def broker(self, shows: Certificate, more: str = "") -> Iterator[int]:
        """A broker that shows a certificate; gives its port."""
        port = services.free_port()
        lines = f"listener {port} 127.0.0.1\ncertfile {shows.file}\nkeyfile {shows.key}\n"
        lines += more or "allow_anonymous true\n"
        lines += "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(lines)
        broker = services.Mosquitto(port, self.folder)
        try:
            broker.start()
            yield port
        finally:
            broker.stop()


@pytest.fixture
def places(tmp_path: Path, mosquitto: services.Mosquitto) -> Places:
    return Places(tmp_path, authority(tmp_path / "servers"))


@asynccontextmanager
async def consuming(intake: Intake, port: int, tls: Tls) -> AsyncIterator[Consumer]:
    broker = Broker.from_url(f"mqtts://localhost:{port}")
    async with Consumer(
        broker, intake=intake, identify=identify, now_us=lambda: NOW_US, tls=tls
    ) as consumer:
        yield consumer


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- it is only there to be read
            await asyncio.sleep(0.01)


def strangers(folder: Path) -> Certificate:
    return authority(folder / "others").issue("broker", host=HERE)


REFUSED: dict[str, tuple[Callable[[Places], Certificate], str]] = {
    "wrong host": (
        lambda places: places.servers.issue("broker", host="DNS:broker.example.org"),
        "Hostname mismatch",
    ),
    "expired": (
        lambda places: places.servers.issue("broker", *PAST, host=HERE),
        "certificate has expired",
    ),
    "unknown authority": (
        lambda places: strangers(places.folder),
        "unable to get local issuer certificate",
    ),
    "self-signed": (
        lambda places: self_signed(places.folder, "broker", HERE),
        "self-signed certificate",
    ),
}


# Paho leaves a socket that TLS has refused to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")
@pytest.mark.parametrize("kind", REFUSED)
async def test_a_broker_that_is_not_ours_is_told_in_one_line_and_sent_nothing(
    places: Places, intake: Intake, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    make, why = REFUSED[kind]
    with places.broker(make(places)) as port:
        async with consuming(intake, port, Tls(places.servers.file)) as consumer:
            await until(lambda: caplog.records)
            assert not consumer.connected
    [record] = caplog.records
    said = record.getMessage().replace("self signed", "self-signed")
    assert record.levelno == logging.ERROR
    assert said.startswith(f"MQTT broker localhost:{port}: its certificate is not accepted: ")
    assert why in said
    assert "\n" not in said
    assert record.exc_info is None


async def test_our_own_certificate_is_who_we_are_until_it_is_revoked(
    places: Places, intake: Intake
) -> None:
    ours = authority(places.folder / "services")
    shown = ours.issue("beatkeeper")
    (places.folder / "acl").write_text(ACCESS)
    shutil.copy(ours.file, places.folder / "ours.pem")
    server, more = places.servers.issue("broker", host=HERE), ASKS.format(folder=places.folder)
    tls = Tls(places.servers.file, shown.file, shown.key)
    shutil.copy(ours.revoked, places.folder / "ours.crl")
    with places.broker(server, more) as port:
        async with consuming(intake, port, tls) as consumer:
            await until(lambda: consumer.connected)
            await consumer.publish("beatkeeper/down/radio-7", b"stay", expires_s=5)
        async with consuming(intake, port, Tls(places.servers.file)) as consumer:
            await asyncio.sleep(0.5)
            assert not consumer.connected
    ours.revoke(shown)
    shutil.copy(ours.revoked, places.folder / "ours.crl")
    with places.broker(server, more) as port:
        async with consuming(intake, port, tls) as consumer:
            await asyncio.sleep(0.5)
            assert not consumer.connected


def test_files_that_are_no_certificates_are_named(tmp_path: Path) -> None:
    one, other = (self_signed(tmp_path, name, HERE) for name in ("one", "other"))
    nothing = tmp_path / "nothing.pem"
    nothing.touch()
    with pytest.raises(ValueError, match=r"nothing\.pem holds no certificate of an authority"):
        Tls(nothing).context()
    with pytest.raises(ValueError, match=r"one\.pem, .*other\.key: no certificate and its key"):
        Tls(None, one.file, other.key).context()
    with pytest.raises(ValueError, match=r"none\.pem: no certificate and its key, unencrypted: No"):
        Tls(None, tmp_path / "none.pem").context()


async def test_a_login_that_is_refused_is_tried_again_ever_less_often_and_told_once(
    intake: Intake, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_WAITS_S", (0.05, 0.4))
    caplog.set_level(logging.INFO, "ingest")
    loop, came_s, lets_in = asyncio.get_running_loop(), list[float](), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        came_s.append(loop.time())
        if lets_in.is_set():
            writer.write(b"\x20\x03\x00\x00\x00")
            packet = (await reader.read(1000))[2:4]
            writer.write(b"\x90\x06" + packet + b"\x00\x01\x01\x01")
            await reader.read(1000)
        else:
            writer.write(b"\x20\x03\x00\x86\x00")  # bad user name or password
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    consumer = Consumer(
        Broker.from_url(f"mqtt://beatkeeper:wrong@127.0.0.1:{port}"),
        intake=intake,
        identify=identify,
        now_us=lambda: NOW_US,
    )
    async with server, consumer:
        await until(lambda: len(came_s) == 6)
        assert not consumer.connected
        gaps_s = [later - one for one, later in pairwise(came_s)]
        for gap_s, least_s in zip(gaps_s, (0.05, 0.1, 0.2, 0.4, 0.4), strict=True):
            assert least_s <= gap_s
        told = [record.getMessage() for record in caplog.records]
        assert told == [
            f"MQTT broker 127.0.0.1:{port}: refused: Bad user name or password; trying again"
        ]
        assert "wrong" not in caplog.text
        lets_in.set()
        await until(lambda: consumer.connected)
