"""The databases that are killed again and again."""

import logging

import pytest
import services

# A line a post would bury what the tests say.
for name in ("httpx", "alembic"):
    logging.getLogger(name).setLevel(logging.WARNING)


@pytest.fixture(params=["sqlite", "postgis"])
def mortal_cluster(request: pytest.FixtureRequest) -> services.Postgres | None:
    """PostgreSQL, or none where the database is a file."""
    if request.param == "sqlite":
        return None
    cluster: services.Postgres = request.getfixturevalue("mortal_postgres")
    return cluster
