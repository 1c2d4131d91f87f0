"""A radio gateway over MQTT: its own topic, its radios by their addresses."""

import subprocess
import time
from pathlib import Path

from running import Running
from services import Mosquitto


def test_a_gateway_publishes_for_its_radios_and_for_nobody_else(
    sqlite_url: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    name = f"test-{tmp_path.name}"
    settings = {"database": sqlite_url, "mqtt": mosquitto.url, "mqtt_client_id": name}
    with Running(tmp_path, settings) as service, service.client() as client:
        for number, issi in enumerate(("2167005", "2167006"), 1):
            addresses = [{"kind": "issi", "address": issi}]
            radio = {"name": f"radio-{number}", "kind": "radio", "addresses": addresses}
            client.post("/devices", json=radio).raise_for_status()
        gateway = {"name": "dimetra", "kind": "gateway", "speaks_for": ["radio-1"]}
        client.post("/devices", json=gateway).raise_for_status()
        to = ["-h", "127.0.0.1", "-p", str(mosquitto.port), "-t", "beatkeeper/up/dimetra/lip"]
        for issi in ("2167005", "2167006"):
            line = f"{issi} 0A001BDE31D89B7900081"
            subprocess.run(["mosquitto_pub", *to, "-q", "1", "-m", line], check=True, timeout=30)
        for _ in range(200):
            counts = client.get("/ingest").json()
            if counts["messages"] == 2:
                break
            time.sleep(0.1)
    assert (counts["accepted"], counts["rejected"]) == (1, {"unknown_device": 1})
