"""Everything that may die or be cut off does, at random moments under load: nothing is lost.

`FAULTS=20`, as `make faults` sets it, is 20 rounds of all faults on each database; without it,
one, in which a SQLite file suffers only what touches it.
"""

import logging
import os
import time
from pathlib import Path

import faults
import numpy as np
import pytest
from reckoning import reckon
from scene import scene
from services import Mosquitto, Postgres

ROUNDS = int(os.environ.get("FAULTS", "1"))
LOG = logging.getLogger("faults")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_all_that_was_acknowledged_is_stored_once_through_every_fault(
    mortal_cluster: Postgres | None, mortal_broker: Mosquitto, tmp_path: Path, seed: int
) -> None:
    random = np.random.default_rng(seed)
    of_sqlite = faults.OF_SQLITE if ROUNDS == 1 else faults.SQLITE
    every = of_sqlite if mortal_cluster is None else faults.POSTGRES
    with scene(tmp_path, mortal_broker, mortal_cluster, seed) as here:
        with here.under_load() as ledger:
            for i in random.permutation(len(every)):
                time.sleep(random.uniform(0.1, 0.6))
                begun = time.monotonic()
                every[i](here, random)
                LOG.info("%s: %.1f s", every[i].__name__, time.monotonic() - begun)
            time.sleep(0.5)
        LOG.info("seed %d: %s", seed, reckon(here.database, ledger, here.alarming, all_sent=True))
