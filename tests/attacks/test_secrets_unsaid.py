"""A service that is given secrets of every kind, where all that needs them fails, tells none."""

from pathlib import Path

import httpx
from running import TOKEN, Running

MARK = "sesame-open-sesame-open"


def test_no_secret_is_in_what_a_service_writes_or_in_its_command_line(tmp_path: Path) -> None:
    def filed(name: str, secret: str) -> str:
        (tmp_path / name).write_text(secret)
        return str(tmp_path / name)

    settings = {
        "database": str(tmp_path / "x.db"),
        "mqtt_file": filed("mqtt", f"mqtt://beat:{MARK}-broker@127.0.0.1:1"),
        "oidc_issuer": "http://127.0.0.1:1",
        "oidc_client_id": "beatkeeper",
        "oidc_client_secret_file": filed("oidc", f"{MARK}-client"),
        "webhook_networks": "127.0.0.0/8",
    }
    running = Running(tmp_path, settings, probe="healthz")
    settings["public_url"] = running.url
    with running, running.client() as client:
        radio = {"name": "phone-1", "kind": "phone", "owntracks_secret": f"{MARK}-app"}
        key = client.post("/devices", json=radio).raise_for_status().json()["key"]
        hook = {"name": "x", "url": f"http://127.0.0.1:1/{MARK}-hook", "kinds": ["emergency"]}
        answer = client.post("/webhooks", json=hook)
        signing = answer.raise_for_status().json()["secret"]
        for path in (f"/pings/{key}", f"/pings?key={key}", f"/owntracks/{key}", f"/files/{key}"):
            httpx.post(f"{running.url}/ingest{path}", content=b'{"_type":"encrypted","data":"AA"}')
        for token in (key, f"{TOKEN}x", f"\x7f{MARK}"):
            shown = {"Authorization": f"Bearer {token}"}
            httpx.get(f"{running.url}/api/v1/x/{key}", params={"token": token}, headers=shown)
        assert httpx.get(f"{running.url}/sign-in").status_code == 503
        assert running.process is not None
        command = Path(f"/proc/{running.process.pid}/cmdline").read_text()
    said = running.log()
    assert "127.0.0.1:1" in said  # the broker is away: that much is told
    for secret in (MARK, TOKEN, key, signing):
        assert secret not in said
        assert secret not in command
