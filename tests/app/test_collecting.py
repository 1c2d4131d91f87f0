"""What came in is counted once, and counted on while the log cannot be written."""

import json

import logged
import numpy as np
import numpy.typing as npt
import pytest
from callers import Clock
from wandering import wandering

from app.auditing import Auditor
from app.collecting import Collected
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from ingest.columns import Columns
from ingest.screen import Verdict


async def test_only_what_is_stored_is_collected_and_what_could_not_be_told_is_told_later(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    auditor = Auditor(database, Clock().now_us)
    collected = Collected(auditor)

    async def store(columns: Columns) -> npt.NDArray[np.uint8]:
        verdicts = np.full(columns.n, Verdict.DUPLICATE, np.uint8)
        verdicts[:5], verdicts[5:7], verdicts[7] = Verdict.STORED, Verdict.FAR, Verdict.OFF_DUTY
        return verdicts

    await collected.over(store)(wandering(1, devices=[1]))
    for _ in range(13):
        await auditor.refuse(logged.LOOK, "192.0.2.0/24")
    await logged.execute(database, "ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(DatabaseUnavailable):
        await collected.flush()
    await logged.execute(database, "ALTER TABLE elsewhere RENAME TO audit")
    for _ in range(2):
        await collected.flush()
    found = await logged.rows(database, "SELECT act, details FROM audit WHERE id > 10 ORDER BY id")
    assert [(act, json.loads(str(details))) for act, details in found] == [
        ("collection", {"fixes": "5", "devices": "1", "unplaced": "2"}),
        ("access", {"of": "192.0.2.0/24", "times": "3"}),
    ]
    await database.close()
