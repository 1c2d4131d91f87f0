"""The way in, from the intake down, with storage in memory at its end."""

from collections.abc import AsyncIterator

import pytest
from memory import Storage

from ingest.batch import Batcher
from ingest.intake import Intake


@pytest.fixture
def storage() -> Storage:
    storage = Storage()
    storage.open.set()
    return storage


@pytest.fixture
async def batcher(storage: Storage) -> AsyncIterator[Batcher]:
    async with Batcher(storage.store, max_fixes=10, max_waiting=20) as batcher:
        yield batcher
        storage.open.set()  # a test that failed while it held storage must not hold up the rest


@pytest.fixture
def intake(batcher: Batcher, storage: Storage) -> Intake:
    return Intake(batcher.submit, storage.quarantine)
