"""A broker that speaks TLS, byte by byte: what comes in one record with something else is read."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from memory import NOW_US, Storage, identify, recognise

from ingest.broker import Broker, Tls
from ingest.consumer import Consumer
from ingest.intake import Intake

CONNACK = b"\x20\x03\x00\x00\x00"
TOPIC = b"owntracks/ada/phone"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of its own for localhost, in one file."""
    file = tmp_path / "broker.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", str(file), "-out", str(tmp_path / "only.pem"), "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    with file.open("a") as both:
        both.write((tmp_path / "only.pem").read_text())
    return file


def publish(number: int) -> bytes:
    """A PUBLISH of MQTT 5 at QoS 1, with no properties."""
    tst = NOW_US // 1_000_000 - 1000 + number
    payload = b'{"_type":"location","tst":%d,"lat":51.5,"lon":-0.12}' % tst
    rest = len(TOPIC).to_bytes(2, "big") + TOPIC + number.to_bytes(2, "big") + b"\0" + payload
    return bytes([0x32, len(rest)]) + rest


async def test_what_a_session_kept_is_read_though_it_comes_with_the_subscription(
    certificate: Path, intake: Intake, storage: Storage
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(CONNACK)
        packet = (await reader.read(1000))[2:4]
        suback = b"\x90\x06" + packet + b"\x00\x01\x01\x01"
        writer.write(suback + b"".join(publish(number) for number in range(1, 21)))
        while await reader.read(1000):
            pass
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    consumer = Consumer(
        Broker.from_url(f"mqtts://localhost:{port}"),
        intake=intake,
        identify=identify,
        recognise=recognise,
        now_us=lambda: NOW_US,
        tls=Tls(certificate),
    )
    async with server, consumer, asyncio.timeout(10):
        while len(storage.fixes) < 20:  # noqa: ASYNC110 (storage has no event for it)
            await asyncio.sleep(0.01)
    assert intake.counts.accepted == 20
