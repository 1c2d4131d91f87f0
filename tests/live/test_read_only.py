"""The service as its container runs it: as nobody in particular, where nothing can be written.

There is no container here; a mount namespace of the test's own makes the same of this machine's
files: all read-only but the data folder and a small /tmp, no capabilities, none to be gained.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from numba.core.caching import _CacheLocator
from running import TOKEN
from services import free_port

from geofence import engine

UID = 10_001
# Mounts of these kinds hold nothing but what the kernel says.
KERNELS = {"cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "proc", "sysfs"}
FIX = {"time": "2026-01-15T12:00:00Z", "lat": 51.5, "lon": -0.12}
# What is mounted is made read-only one by one; the kernel's own folders may refuse.
SCRIPT = """
mount --make-rprivate /
mount --bind "$DATA" "$DATA"
while read -r _ target _; do
  [ "$target" = "$DATA" ] || mount -o remount,bind,ro "$target" 2>/dev/null
done < /proc/self/mounts
mount -t tmpfs -o size=16m,mode=1777,noexec tmpfs "$SCRATCH"
cd "$DATA"
exec setpriv --reuid "$AS" --regid "$AS" --clear-groups --no-new-privs \
  --inh-caps -all,+dac_read_search --ambient-caps -all,+dac_read_search \
  --bounding-set -all,+dac_read_search "$@"
"""


def reason_not_to() -> str:
    missing = [name for name in ("unshare", "setpriv") if shutil.which(name) is None]
    if missing:
        return f"{missing[0]} is missing"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "--make-rprivate", "/"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else "mounting is not allowed here"


def compile_into(folder: Path) -> None:
    """Puts the engine's loops there, as the container's image has them."""
    engine.warm_up()
    source = Path(engine.__file__)
    kept = folder / _CacheLocator.get_suitable_cache_subpath(str(source))
    kept.mkdir(parents=True)
    for suffix in ("nbi", "nbc"):
        for made in (source.parent / "__pycache__").glob(f"*.{suffix}"):
            shutil.copy(made, kept)


def written_to_by(process: subprocess.Popen[bytes]) -> set[Path]:
    """What is mounted so that a process may write, but for the kernel's own folders."""
    writable = {}
    for line in Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines():
        place, options = line.split()[4:6]
        kind = line.partition(" - ")[2].split()[0]
        # Of two at the same place the later one hides the other.
        writable[Path(place)] = kind not in KERNELS and "ro" not in options.split(",")
    return {place for place, may_be in writable.items() if may_be}


@pytest.fixture
def service(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    if os.geteuid() != 0:
        pytest.skip("only root makes a mount namespace")
    if reason := reason_not_to():
        (pytest.fail if request.config.getoption("--require-services") else pytest.skip)(reason)
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    scratch.mkdir()
    compile_into(data / ".compiled")
    for path in (data, *data.rglob("*")):
        os.chown(path, UID, UID)
    port = free_port()
    # Python reads everything, as the tests' own may lie in root's home; it may write nothing more.
    command = ["unshare", "--mount", "sh", "-c", SCRIPT, "sh", sys.executable, "-m", "app", "serve"]
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATA": str(data),
        "SCRATCH": str(scratch),
        "TMPDIR": str(scratch),
        "AS": str(UID),
        "NUMBA_CACHE_DIR": str(data / ".compiled"),
        "BEATKEEPER_ADMIN_TOKEN": TOKEN,
        "BEATKEEPER_PORT": str(port),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}", process, tmp_path
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def test_it_takes_in_a_fix_and_answers_where_nothing_else_can_be_written(
    service: tuple[str, subprocess.Popen[bytes], Path],
) -> None:
    url, process, folder = service
    deadline = time.monotonic() + 110
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        while not _ready(client):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        made = client.post("/api/v1/devices", json={"name": "radio-1", "kind": "radio"}).json()
        fix = client.post(f"/ingest/pings/{made['key']}", json=FIX)
        assert fix.json()["accepted"] == 1, fix.text
        assert client.get("/api/v1/devices").json()["items"][0]["name"] == "radio-1"
    assert written_to_by(process) == {folder / "data", folder / "scratch"}
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}" in status
    assert "NoNewPrivs:\t1" in status
    assert {path.stat().st_uid for path in (folder / "data").rglob("*")} == {UID}
    assert (folder / "data" / "beatkeeper.db").exists()
    assert "Read-only file system" not in (folder / "log").read_text()


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False
