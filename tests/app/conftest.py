"""A world of two teams, made once: each test that wants it has a copy of its own."""

import asyncio
import shutil
from pathlib import Path

import pytest
import two_teams


@pytest.fixture(scope="session")
def two_teams_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("two-teams") / "beatkeeper.db"
    shutil.copy(sqlite_template, file)
    asyncio.run(two_teams.make(f"sqlite:///{file}"))
    return file


@pytest.fixture
def two_teams_url(two_teams_template: Path, tmp_path: Path) -> str:
    """The address of a database that holds `two_teams`."""
    return f"sqlite:///{shutil.copy(two_teams_template, tmp_path / 'beatkeeper.db')}"
