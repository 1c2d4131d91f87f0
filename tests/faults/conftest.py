"""A cluster and a broker of these tests' own, as they are killed again and again."""

import logging
from collections.abc import Iterator

import pytest
import services

# A line a post would bury what the tests say.
for name in ("httpx", "alembic"):
    logging.getLogger(name).setLevel(logging.WARNING)


@pytest.fixture(scope="module")
def mortal_postgres(postgres: services.Postgres) -> Iterator[services.Postgres]:
    # After the suite's own: where there is none, that one says so.
    with services.postgres() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def mortal_broker(mosquitto: services.Mosquitto) -> Iterator[services.Mosquitto]:
    with services.mosquitto() as broker:
        yield broker


@pytest.fixture(params=["sqlite", "postgis"])
def mortal_cluster(request: pytest.FixtureRequest) -> services.Postgres | None:
    """PostgreSQL, or none where the database is a file."""
    if request.param == "sqlite":
        return None
    cluster: services.Postgres = request.getfixturevalue("mortal_postgres")
    return cluster
