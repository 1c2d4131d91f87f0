"""The demonstration, as a newcomer runs it."""

import os
import subprocess
import sys
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
