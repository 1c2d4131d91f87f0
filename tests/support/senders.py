"""Devices that send over HTTP and MQTT, and again until each message is acknowledged."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue

import httpx
import numpy as np
from carried import Ledger, Message
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

# Longer than any fault lasts.
PATIENCE_S = 90.0
# Shorter than some of the faults: they send again what is still under way.
ANSWER_S = 4.0
# An app that throws away what it did not get through waits a minute for its answer.
CARELESS_ANSWER_S = 60.0
IN_FLIGHT = 10


class NeverAcknowledged(Exception):
    """A message was sent in vain for as long as anybody would."""


@dataclass
class Poster:
    """A device that posts; one that does not insist throws away what is not acknowledged."""

    url: str
    key: str
    format: str
    random: np.random.Generator
    insists: bool = True
    ledger: Ledger = field(default_factory=Ledger)

    def run(self, messages: Iterable[Message], ending: threading.Event) -> None:
        """Sends message after message on one connection until all are sent or it is to end."""
        headers = {"authorization": f"Bearer {self.key}"}
        timeout = ANSWER_S if self.insists else CARELESS_ANSWER_S
        with httpx.Client(base_url=self.url, headers=headers, timeout=timeout) as client:
            for message in messages:
                if ending.is_set():
                    break
                self.ledger.sent.update(message.fixes)
                self._see_through(client, message)
                time.sleep(self.random.uniform(0.02, 0.15))

    def _see_through(self, client: httpx.Client, message: Message) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._post(client, message):
            self.ledger.failures += 1
            if not self.insists:
                return
            if time.monotonic() > deadline:
                raise NeverAcknowledged(self.url)
            time.sleep(self.random.uniform(0.05, 0.4))
        self.ledger.acknowledge(message)

    def _post(self, client: httpx.Client, message: Message) -> bool:
        """Whether it was acknowledged; one that cannot be read may be refused for good."""
        body = message.owntracks if self.format == "owntracks" else message.pings
        try:
            answer = client.post(f"/ingest/{self.format}", content=body)
        except httpx.TransportError:
            return False
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return False
        assert answer.is_success or (message.broken and answer.is_client_error), answer.text
        return True


@dataclass
class Publisher:
    """A device that publishes with QoS 1; what the broker acknowledges is the broker's to keep."""

    port: int
    topic: str
    random: np.random.Generator
    ledger: Ledger = field(default_factory=Ledger)
    _under_way: dict[int, Message] = field(default_factory=dict)
    _acknowledged: SimpleQueue[tuple[float, int]] = field(default_factory=SimpleQueue)
    _trusted: list[tuple[float, Message]] = field(default_factory=list)
    _doubts: SimpleQueue[float] = field(default_factory=SimpleQueue)

    def doubt(self, since: float) -> None:
        """Publishes again what was acknowledged after that moment: the broker did not save it."""
        self._doubts.put(since)

    def run(self, messages: Iterable[Message], ending: threading.Event) -> None:
        """Publishes message after message until all are sent or it is to end."""
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.reconnect_delay_set(1, 1)
        client.on_publish = self._on_publish
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for message in messages:
            if ending.is_set():
                break
            self.ledger.sent.update(message.fixes)
            self._publish(client, message)
            self._settle(client, IN_FLIGHT)
            time.sleep(self.random.uniform(0.02, 0.15))
        self._settle(client, 0)
        client.disconnect()
        client.loop_stop()

    def _on_publish(self, _client: object, _userdata: object, mid: int, *_: object) -> None:
        # In paho's thread, which holds a lock of its own: only noted here.
        self._acknowledged.put((time.time(), mid))

    def _publish(self, client: paho.Client, message: Message) -> None:
        body = message.owntracks if self.topic.startswith("owntracks/") else message.pings
        self._under_way[client.publish(self.topic, body, 1).mid] = message

    def _settle(self, client: paho.Client, most: int) -> None:
        """Waits until at most so many messages are under way."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            while not self._acknowledged.empty():
                at, mid = self._acknowledged.get()
                message = self._under_way.pop(mid)
                self._trusted.append((at, message))
                self.ledger.acknowledge(message)
            while not self._doubts.empty():
                self._send_again(client, self._doubts.get())
            if len(self._under_way) <= most:
                return
            if time.monotonic() > deadline:
                raise NeverAcknowledged(self.topic)
            time.sleep(0.01)

    def _send_again(self, client: paho.Client, since: float) -> None:
        doubtful = [message for at, message in self._trusted if at > since]
        self._trusted.clear()
        self.ledger.failures += len(doubtful)
        for message in doubtful:
            self._publish(client, message)
