"""The service as a process of its own, with real sockets, that can be stopped and killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
from services import free_port

TOKEN = "bkt_for-the-tests-only-and-long-enough-for-them"


@dataclass
class Running:
    """`beatkeeper serve` with these settings; use as a context manager."""

    folder: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    probe: str = "readyz"
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        named = {f"BEATKEEPER_{name.upper()}": value for name, value in self.settings.items()}
        named |= {"BEATKEEPER_ADMIN_TOKEN": TOKEN, "BEATKEEPER_PORT": str(self.port)}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve"],
                env=os.environ | named,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        with httpx.Client() as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    if client.get(f"{self.url}/{self.probe}").is_success:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
        raise RuntimeError(self.log())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def token_of(self, role: str, **more: object) -> str:
        """A new token of a role, and of whatever else its JSON says."""
        with self.client() as client:
            answer = client.post("/tokens", json={"name": role, "role": role, **more})
            return str(answer.raise_for_status().json()["token"])

    def supervisor(self, *devices: str) -> str:
        """The token of a supervisor of one officer, who is given these devices for good."""
        with self.client() as client:
            client.post("/teams", json={"name": "North"}).raise_for_status()
            officer = {"number": "1", "name": "One", "team": "North"}
            client.post("/officers", json=officer).raise_for_status()
            for device in devices:
                held = {"device": device, "officer": "1", "start": "2010-01-01T00:00:00Z"}
                client.post("/assignments", json=held).raise_for_status()
        return self.token_of("supervisor", teams=["North"])

    def client(self, token: str = TOKEN) -> httpx.Client:
        """A client with a token: the administrator's, if none is said."""
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
