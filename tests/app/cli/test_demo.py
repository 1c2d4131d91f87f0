"""The demonstration, as a newcomer runs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
def test_a_shift_goes_through_the_service_and_comes_near_the_truth(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "demo", "--exit", "--seed", "77"],
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Coverage" in ended.stdout
    assert "Past its limit" not in ended.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_demonstration_that_is_told_to_stop_leaves_nothing_behind(
    tmp_path: Path, told: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "app", "demo"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*/beatkeeper.db")) and time.monotonic() < deadline:
            time.sleep(0.1)
        demo.send_signal(told)
        _, said = demo.communicate(timeout=60)
    assert demo.returncode == 0, said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())
