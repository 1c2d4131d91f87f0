"""docs/sql.md: its recipe for rights, tried with GDAL by whoever gets them, and its tables."""

import re
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import sqlalchemy as sa
from stored_visits import StoredVisit, store
from wandering import NOW, enrol, wandering

from app.storage import fixes, schema
from app.storage.engine import Database

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
(RECIPE, *_) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
COLUMNS = """
SELECT n.nspname || '.' || c.relname, a.attname, col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relkind = 'v' AND n.nspname LIKE 'reporting%' ORDER BY c.oid, a.attnum
"""
READABLE = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v') AND (n.nspname = 'public' OR n.nspname LIKE 'reporting\\__%')
AND has_table_privilege('analyst', c.oid, 'SELECT') ORDER BY 1
"""
ALL = ("--config", "PG_LIST_ALL_TABLES", "YES")  # those without a shape, too
Looked = Callable[..., str]


@pytest.fixture
async def owner(postgis_url: str) -> AsyncIterator[asyncpg.Connection]:
    """An administrator's connection to a database with something in every view."""
    database = Database(postgis_url)
    await enrol(database)
    await store(database, StoredVisit("d1", "h1", 0, 12), StoredVisit("d2", "h3", 5, 9))
    crime = {"source": "force", "category": "burglary", "start": NOW, "end": NOW, "place": ""}
    where = {"snapped": False, "lon": -2.9, "lat": 0.001}
    hour = {"device_id": 1, "hour": NOW, "known_from": NOW, "fixes": 9, "observed": 1}
    async with database.write() as writer:
        await fixes.store(writer, wandering(1, n=20))
        await writer.execute(sa.insert(schema.crimes), crime | where | {"ref": "1"})
        await writer.execute(sa.insert(schema.crimes), crime | {"ref": "2", "snapped": False})
        await writer.execute(sa.insert(schema.device_hours), hour)
    await database.close()
    connection = await asyncpg.connect(postgis_url)
    yield connection
    await connection.close()


@pytest.fixture
async def analyst_url(owner: asyncpg.Connection, postgis_url: str) -> AsyncIterator[str]:
    """The address for the role that the recipe makes."""
    await owner.execute(RECIPE.replace("FOR ROLE beatkeeper ", "FOR ROLE postgres "))
    yield postgis_url.replace("postgres@", "analyst@")
    await owner.execute(
        "DROP OWNED BY beatkeeper_reporting, analyst; DROP ROLE analyst, beatkeeper_reporting"
    )


@pytest.fixture
def looked(ogrinfo: str, analyst_url: str) -> Looked:
    """What GDAL says of the database to that role."""

    url = urlsplit(analyst_url)
    where = f"host={url.hostname} port={url.port} user={url.username} dbname={url.path[1:]}"

    def run(*arguments: str, schemas: str = "reporting") -> str:
        source = f"PG:{where} schemas={schemas}"
        told = subprocess.run(
            [ogrinfo, "-so", *ALL, source, *arguments], capture_output=True, text=True, check=False
        )
        return told.stdout + told.stderr

    return run


def layers(told: str) -> dict[str, dict[str, str]]:
    """What GDAL says of each layer, by its name."""
    parts = re.split(r"^Layer name: ", told, flags=re.MULTILINE)[1:]
    return {
        part.split("\n", 1)[0]: dict(re.findall(r"^([\w ]+): (.+)$", part, re.MULTILINE))
        for part in parts
    }


def extent(layer: dict[str, str]) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", layer["Extent"])]


async def test_each_view_opens_as_a_layer_with_its_kind_of_shape_and_its_rows(
    looked: Looked,
) -> None:
    found = layers(looked("-al"))
    kinds = {name: (one["Geometry"], int(one["Feature Count"])) for name, one in found.items()}
    assert kinds == {
        "hotspots": ("Multi Polygon", 3),
        "hotspots_grown": ("Multi Polygon", 3),
        "hotspot_versions": ("Multi Polygon", 3),
        "visits": ("Point", 2),
        "patrols": ("Point", 2),
        "crimes": ("Point", 2),
        "hotspot_days": ("None", 2),
        "device_hours": ("None", 1),
    }
    for name, one in found.items():
        if one["Geometry"] != "None":
            west, south, east, north = extent(one)
            assert -2.904 < west <= east < -2.897, name
            assert -0.001 < south <= north < 0.0011, name


async def test_who_was_given_one_schema_reads_no_table_and_no_other_schema(
    looked: Looked, analyst_url: str, owner: asyncpg.Connection
) -> None:
    for names in ("fixes", "officers"):
        assert "permission denied for table" in looked(names, schemas="public")
    of_postgis = ["geography_columns", "geometry_columns", "spatial_ref_sys"]
    assert [row[0] for row in await owner.fetch(READABLE)] == of_postgis
    analyst = await asyncpg.connect(analyst_url)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await analyst.execute("CREATE TABLE notes (id int)")
    await owner.execute("CREATE VIEW reporting.later AS SELECT id FROM devices")
    assert await analyst.fetchval("SELECT count(*) FROM reporting.later") == 3
    await analyst.close()


async def test_positions_open_for_those_who_are_given_them(
    looked: Looked, owner: asyncpg.Connection
) -> None:
    assert "permission denied for schema" in looked("-al", schemas="reporting_tracks")
    await owner.execute(
        "GRANT USAGE ON SCHEMA reporting_tracks TO analyst;"
        "GRANT SELECT ON ALL TABLES IN SCHEMA reporting_tracks TO analyst"
    )
    pings = layers(looked("-al", schemas="reporting_tracks"))["pings"]
    assert (pings["Geometry"], pings["Feature Count"]) == ("Point", "60")


async def test_every_column_of_every_view_is_told_of_as_the_database_tells_it(
    owner: asyncpg.Connection,
) -> None:
    told = {
        view: dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", part, re.MULTILINE))
        for view, part in re.findall(
            r"^### (\S+)\n(.*?)(?=^### |\Z)", PAGE, re.DOTALL | re.MULTILINE
        )
    }
    there: dict[str, dict[str, str]] = {}
    for view, column, about in await owner.fetch(COLUMNS):
        there.setdefault(view, {})[column] = about
    assert told == there
