"""Real tracks sent to a running service as their devices might: late, shuffled, twice, two ways."""

import csv
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import numpy as np
from running import Running
from services import Mosquitto

Ping = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What a device sends at once."""

    device: str
    pings: list[Ping]

    @property
    def body(self) -> str:
        return json.dumps(self.pings)


def read(file: Path) -> dict[str, list[Ping]]:
    """Each device's fixes in the order in which it stored them."""
    found: dict[str, list[Ping]] = {}
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            place = {name: float(row[name]) for name in ("lat", "lon")}
            known = {n: float(row[n]) for n in ("accuracy_m", "speed_mps") if row[n]}
            found.setdefault(row["device"], []).append({"time": row["time"]} | place | known)
    return found


def shuffled(
    tracks: dict[str, list[Ping]], random: np.random.Generator, size: int = 60
) -> list[Message]:
    """All fixes in messages out of order, some hours late, a tenth of the messages twice."""
    messages: list[Message] = []
    for device, pings in tracks.items():
        late = random.choice([0, 0, 0, 30, 300], len(pings))  # by so many fixes
        order = np.argsort(np.arange(len(pings)) + late, kind="stable")
        parts = np.array_split(order, len(pings) // size + 1)
        messages += [Message(device, [pings[i] for i in random.permutation(p)]) for p in parts]
    messages += [messages[i] for i in random.choice(len(messages), len(messages) // 10)]
    # Devices send at the same time, each of them about in its order.
    places = np.arange(len(messages)) % max(len(messages) // len(tracks), 1)
    order = np.argsort(places + random.normal(0, 3, len(messages)), kind="stable")
    return [messages[i] for i in order]


@dataclass
class Sender:
    """Posts messages until each is acknowledged, through whatever happens to the service."""

    service: Running
    keys: dict[str, str]
    acknowledged: int = 0
    failed: int = 0
    lock: Lock = field(default_factory=Lock)

    def post(self, message: Message) -> None:
        url, key = f"{self.service.url}/ingest/pings", self.keys[message.device]
        for _ in range(600):
            try:
                answer = httpx.post(url, params={"key": key}, content=message.body, timeout=30)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                assert answer.json()["rejected"] == []
                with self.lock:
                    self.acknowledged += 1
                return
            with self.lock:
                self.failed += 1
            time.sleep(0.1)
        raise TimeoutError(message.device)

    @contextmanager
    def posting(self, messages: Sequence[Message]) -> Iterator[None]:
        """Posts in the background, four at a time; all are acknowledged at the end."""
        with ThreadPoolExecutor(4) as pool:
            posts = [pool.submit(self.post, message) for message in messages]
            yield
            for post in posts:
                post.result()


def publish(broker: Mosquitto, messages: Sequence[Message]) -> None:
    """Hands messages to the broker, which keeps them for the service until it acknowledges them."""
    for device in {message.device for message in messages}:
        lines = "".join(f"{m.body}\n" for m in messages if m.device == device)
        to = ["-h", "127.0.0.1", "-p", str(broker.port), "-t", f"beatkeeper/up/{device}/pings"]
        command = ["mosquitto_pub", *to, "-q", "1", "-l"]
        subprocess.run(command, input=lines.encode(), check=True, timeout=60)
