"""The whole service in this process, as it is put together, with somebody of each role."""

from collections.abc import Iterator

import pytest
from attacking import Attacked, attacked


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("attacked")) as service:
        yield service
