"""Phones that encrypt: the same message, opened with their secret, over HTTP and MQTT."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from protocol_vectors import vectors
from running import Running
from services import Mosquitto

from app.directory import LOOK_EVERY_S


def until(counts: Callable[[], dict[str, int]], **wanted: int) -> None:
    deadline = time.monotonic() + 20
    while not wanted.items() <= counts().items():
        assert time.monotonic() < deadline, counts()
        time.sleep(0.05)


def publish(broker: Mosquitto, topic: str, payload: str) -> None:
    to = ["-h", "127.0.0.1", "-p", str(broker.port), "-t", topic]
    subprocess.run(["mosquitto_pub", *to, "-q", "1", "-m", payload], check=True, timeout=30)


@pytest.mark.parametrize("vector", vectors("owntracks-encrypted"))
def test_a_phone_may_encrypt_once_its_secret_is_told(
    sqlite_url: str, mosquitto: Mosquitto, tmp_path: Path, vector: dict[str, Any]
) -> None:
    payload = json.dumps({"_type": "encrypted", "data": vector["text"]})
    name = f"test-{tmp_path.name}"
    settings = {"database": sqlite_url, "mqtt": mosquitto.url, "mqtt_client_id": name}
    phone = {"kind": "phone", "addresses": [{"kind": "owntracks", "address": f"{name}/a"}]}
    with Running(tmp_path, settings) as service, service.client() as client:
        key = client.post("/devices", json={"name": "phone-03", **phone}).json()["key"]

        def post() -> None:
            url = f"{service.url}/ingest/owntracks"
            answer = httpx.post(url, content=payload, auth=("ada", key))
            assert (answer.status_code, answer.text) == (200, "[]")

        def counts() -> dict[str, int]:
            return dict(client.get("/ingest").json())

        post()
        publish(mosquitto, f"owntracks/{name}/a", payload)
        until(counts, broken=2, accepted=0)
        told = client.put("/devices/phone-03", json=phone | {"owntracks_secret": vector["key"]})
        assert told.json()["owntracks_encrypted"] is True
        time.sleep(LOOK_EVERY_S + 0.1)
        post()
        until(counts, broken=2, accepted=1)
        publish(mosquitto, f"owntracks/{name}/a", payload)
        until(counts, broken=2, accepted=1, duplicates=1)
        reasons = [one["reason"] for one in client.get("/quarantine").json()["items"]]
    assert len(reasons) == 2
    assert all("there is no `owntracks_secret`" in reason for reason in reasons)
    # Why is in no log: a reason may quote a position.
    assert "owntracks from phone-03: set aside" in service.log()
    assert "owntracks_secret" not in service.log()
