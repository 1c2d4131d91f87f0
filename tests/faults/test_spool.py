"""The database away while devices post that throw away what is not acknowledged at once."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults import away
from reckoning import reckon
from scene import Scene, scene
from services import Mosquitto, Postgres

ROUNDS = int(os.environ.get("FAULTS", "1"))
SEEDS = max(1, ROUNDS // 4)
LOG = logging.getLogger("faults")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def all_are_known(here: Scene) -> bool:
    """Whether the service has recognised each device that posts."""
    return all(poster.ledger.messages for poster in here.posters.values())


def in_vain(here: Scene) -> int:
    return sum(poster.ledger.failures for poster in here.posters.values())


def kept(here: Scene) -> int:
    """The bytes that are in the spool."""
    folder = Path(here.service.settings["spool"])
    return sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_posted_while_the_database_is_away_is_kept_and_outlives_the_service(
    mortal_cluster: Postgres | None,
    mortal_broker: Mosquitto,
    tmp_path: Path,
    seed: int,
) -> None:
    if mortal_cluster is None and ROUNDS == 1:
        pytest.skip("on SQLite by `make faults`")
    with scene(tmp_path, mortal_broker, mortal_cluster, seed, insists=False) as here:
        with here.under_load() as ledger:
            until(lambda: all_are_known(here))
            with away(here):
                until(lambda: kept(here) > 10_000)
            time.sleep(0.3)
            assert in_vain(here) == 0
            with away(here):  # perhaps while it replays
                until(lambda: kept(here) > 10_000)
                here.service.stop(signal.SIGKILL)
            assert kept(here)
            for _ in range(min(ROUNDS, 2) - 1):
                here.service.start()
                time.sleep(0.1)
                here.service.stop(signal.SIGKILL)  # perhaps while it replays
            here.service.start()
            time.sleep(0.3)
        LOG.info("seed %d: %s", seed, reckon(here.database, ledger, here.alarming, all_sent=False))
        until(lambda: not kept(here))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with a disk of its own, which holds 128 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "faults", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only who may mount a file system can have a small one")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(ROUNDS == 1, reason="by `make faults`")
@pytest.mark.timeout(240)
def test_when_the_spools_disk_is_full_devices_are_refused_and_come_again(
    mortal_postgres: Postgres, mortal_broker: Mosquitto, tmp_path: Path, small_disk: Path
) -> None:
    spool = small_disk / "spool"
    with scene(tmp_path, mortal_broker, mortal_postgres, 1, spool=spool) as here:
        with here.under_load() as ledger:
            until(lambda: all_are_known(here))
            with away(here):
                until(lambda: kept(here))
                until(lambda: in_vain(here))
                assert os.statvfs(spool).f_bavail <= 1
                time.sleep(1)
            time.sleep(0.5)
        LOG.info("%s", reckon(here.database, ledger, here.alarming, all_sent=True))
