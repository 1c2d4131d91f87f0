from pathlib import Path

import pytest

from app.parts import spool
from app.settings import Settings


@pytest.mark.parametrize(
    ("database", "folder"),
    [
        ("force.db", "force.db.spool"),
        ("sqlite:////var/lib/force.db", "/var/lib/force.db.spool"),
        ("postgresql://u:secret@db/force", "force@db-5432.spool"),
        ("postgresql://db:6432/force", "force@db-6432.spool"),
        ("postgresql://db/a%2Fb", "a%2Fb@db-5432.spool"),
        ("postgresql:///force", "force@localhost-5432.spool"),
    ],
)
def test_what_waits_for_one_database_does_not_get_into_another(database: str, folder: str) -> None:
    made = spool(Settings(database=database), lambda: 1_772_399_045_000_000)
    assert made.folder == Path(folder)


def test_the_folder_may_be_said(tmp_path: Path) -> None:
    settings = Settings(database="postgresql://db/force", spool=tmp_path)
    assert spool(settings, lambda: 0).folder == tmp_path
