"""A device that listens to what is published to it, and a connection that publishes."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from services import Mosquitto, free_port

from app.feedback import WORK
from app.storage import turns
from app.storage.engine import Database
from ingest.broker import Broker, Tls
from ingest.mqtt import Connection
from ingest.mqttsession import Protocol, Session
from ingest.topics import TOPICS

_NUMBERS = count()
LONG_S = 30.0


def connection_to(port: int, protocol: Protocol = "5", username: str | None = None) -> Connection:
    session = Session(
        Broker("127.0.0.1", port, username),
        TOPICS.subscriptions,
        protocol=protocol,
        client_id=f"publisher-{next(_NUMBERS)}",
        max_in_flight=10,
        tls=Tls(),
    )
    return Connection(session, lambda _: None)


@asynccontextmanager
async def connected(
    port: int, protocol: Protocol = "5", username: str | None = None
) -> AsyncIterator[Connection]:
    connection = connection_to(port, protocol, username)
    connection.open()
    try:
        await until_connected(connection)
        yield connection
    finally:
        await connection.close()


async def until_connected(connection: Connection) -> None:
    async with asyncio.timeout(LONG_S):
        while not connection.connected:  # noqa: ASYNC110 -- it is only there to be read
            await asyncio.sleep(0.02)


@contextmanager
def letting(folder: Path, rules: str) -> Iterator[Mosquitto]:
    """A broker that asks for no password, and has these rules as its access list."""
    broker = Mosquitto(free_port(), folder)
    lines = (f"listener {broker.port} 127.0.0.1", "allow_anonymous true", f"acl_file {folder}/acl")
    user = ("user root",) if os.geteuid() == 0 else ()
    (folder / "mosquitto.conf").write_text("\n".join((*lines, *user)) + "\n")
    (folder / "acl").write_text(rules + "\n")
    (folder / "acl").chmod(0o600)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class Device:
    """Listens to its own topic, or that of all (`+`).

    By MQTT 3.1.1 in a session that outlives the broker, which by MQTT 5 mosquitto 2.0 forgets.
    """

    def __init__(
        self,
        port: int,
        name: str | None = None,
        *,
        protocol: Protocol = "5",
        username: str | None = None,
    ) -> None:
        self.topic = f"beatkeeper/down/{name or f'device-{next(_NUMBERS)}'}"
        self.heard: list[paho.MQTTMessage] = []
        five = protocol == "5"
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"listener-{next(_NUMBERS)}",
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        )
        self.client.on_message = lambda _client, _data, message: self.heard.append(message)
        self.client.reconnect_delay_set(1, 1)
        if username is not None:
            self.client.username_pw_set(username)
        self.client.connect("127.0.0.1", port)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.subscribe(self.topic, qos=1)
        self.client.loop_start()
        assert subscribed.wait(LONG_S)

    async def has_heard(self, messages: int) -> list[Any]:
        async with asyncio.timeout(LONG_S):
            while len(self.heard) < messages:  # noqa: ASYNC110 -- another thread appends
                await asyncio.sleep(0.02)
        return [json.loads(one.payload) for one in self.heard]

    @property
    def whom(self) -> list[str]:
        return [one.topic.removeprefix("beatkeeper/down/") for one in self.heard]

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


async def reached(database: Database, position: int) -> None:
    """Waits until what devices are told has come so far, or further."""
    async with asyncio.timeout(LONG_S):
        while True:
            async with database.read() as reader:
                come = await turns.position(reader, WORK)
            if come is not None and come >= position:
                return
            await asyncio.sleep(0.02)
