"""What the demonstration runs: a small MQTT broker, and the service in a process of its own."""

import asyncio
import logging
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

UP_WITHIN_S = 30.0
STOP_WITHIN_S = 15.0


class StageError(Exception):
    """The broker or the service did not start; its text says what was seen."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service listens, and the token of its administrator."""

    url: str
    token: str
    process: subprocess.Popen[bytes]

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A client with a token: the administrator's, if none is said."""
        headers = {"authorization": f"Bearer {token or self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60)


def free_port() -> int:
    """A TCP port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def broker(port: int) -> AsyncIterator[None]:
    """The small broker, in this process: for a demonstration only, it forgets all when it stops."""
    # A force's own installation has no such broker: it comes with a checkout.
    from amqtt.broker import Broker  # noqa: PLC0415

    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    listener = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    plugin = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    config = {
        "listeners": {"default": listener},
        "plugins": {plugin: {"allow_anonymous": True}},
    }
    running = Broker(config)
    await running.start()
    try:
        yield
    finally:
        await running.shutdown()


@asynccontextmanager
async def service(folder: Path, port: int, mqtt_port: int) -> AsyncIterator[Service]:
    """`beatkeeper serve` on a SQLite file in `folder`, up and subscribed to the broker."""
    token = f"bkt_{secrets.token_urlsafe(32)}"
    settings = {
        "BEATKEEPER_ADMIN_TOKEN": token,
        "BEATKEEPER_DATABASE": str(folder / "beatkeeper.db"),
        "BEATKEEPER_MQTT": f"mqtt://127.0.0.1:{mqtt_port}",
        "BEATKEEPER_MQTT_PROTOCOL": "3.1.1",  # all that the small broker speaks
        "BEATKEEPER_PORT": str(port),
    }
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: ASYNC220 -- our own program; starting it waits for nothing
            [sys.executable, "-m", "app", "serve"],
            env=os.environ | settings,  # noqa: TID251 -- the service reads them, we only pass them on
            stdout=stream,
            stderr=stream,
            # Ctrl-C is for us: the service is then told to stop, and stops in order.
            start_new_session=True,
        )
    running = Service(f"http://127.0.0.1:{port}", token, process)
    try:
        await _until_ready(running, log)
        yield running
    finally:
        process.terminate()
        await asyncio.to_thread(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _until_ready(running: Service, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + UP_WITHIN_S
    async with running.client() as client:
        while asyncio.get_running_loop().time() < deadline and running.process.poll() is None:
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.1)
    said = log.read_text(errors="replace")[-2000:]  # noqa: ASYNC240 -- once, when all is over
    msg = f"the service did not come up; it said:\n{said}"
    raise StageError(msg)
