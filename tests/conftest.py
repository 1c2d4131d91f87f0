"""Databases and brokers for all tests; where one is missing a test skips, or fails if told to."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import services
from hypothesis import HealthCheck, settings

from app.storage import migrate
from app.storage.engine import Database

SHARED = Path(__file__).parents[2] / "shared"

# How long an example takes is the machine's business. Under CI they are the same at each run: what
# fails there fails because of what was changed. New ones are tried by people, and by `make fuzz`.
settings.register_profile(
    "beatkeeper",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize="CI" in os.environ,
)
settings.load_profile("beatkeeper")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-services",
        action="store_true",
        help="fail, rather than skip, where PostGIS or mosquitto is missing",
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder of real tracks is not beside the project")
    return SHARED / "data"


def _or_skip(request: pytest.FixtureRequest, exc: services.ServiceMissing) -> None:
    if request.config.getoption("--require-services"):
        pytest.fail(str(exc))
    pytest.skip(str(exc))


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[services.Postgres]:
    """A cluster for a database a test: in memory, where to copy one takes a quarter of the time."""
    try:
        within = services.in_memory()
        little_log = {"max_wal_size": "256MB"} if within else {}
        with services.postgres(little_log, within=within) as cluster:
            yield cluster
    except services.ServiceMissing as exc:
        _or_skip(request, exc)


@pytest.fixture(scope="session")
def mosquitto(request: pytest.FixtureRequest) -> Iterator[services.Mosquitto]:
    try:
        with services.mosquitto() as broker:
            yield broker
    except services.ServiceMissing as exc:
        _or_skip(request, exc)


@pytest.fixture(scope="session")
def ogrinfo(request: pytest.FixtureRequest) -> str:
    """The path of GDAL's program."""
    try:
        return services.ogrinfo_path()
    except services.ServiceMissing as exc:
        _or_skip(request, exc)
        raise


@pytest.fixture(scope="session")
def mortal_postgres(postgres: services.Postgres) -> Iterator[services.Postgres]:
    """A cluster that tests may stop, freeze and kill, and leave running."""
    # After the suite's own: where there is none, that one says so.
    with services.postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def mortal_broker(mosquitto: services.Mosquitto) -> Iterator[services.Mosquitto]:
    """A broker of that kind."""
    with services.mosquitto() as broker:
        yield broker


_NUMBERS = count()


async def _execute(cluster: services.Postgres, statement: str) -> None:
    connection = await asyncpg.connect(cluster.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgis_template(postgres: services.Postgres) -> str:
    """A migrated database that each test's own is copied from: far quicker than migrating."""
    name = "beatkeeper_template"
    asyncio.run(_make(postgres, name))
    return name


async def _make(postgres: services.Postgres, name: str) -> None:
    await _execute(postgres, f"CREATE DATABASE {name}")
    await _migrate(postgres.url(name))


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    await database.close()


@contextmanager
def _copied(cluster: services.Postgres, template: str) -> Iterator[str]:
    name = f"beatkeeper_{next(_NUMBERS)}"
    asyncio.run(_execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield cluster.url(name)
    asyncio.run(_execute(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgis_url(postgres: services.Postgres, postgis_template: str) -> Iterator[str]:
    with _copied(postgres, postgis_template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that each test's own is copied from."""
    file = tmp_path_factory.mktemp("sqlite") / "beatkeeper.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'beatkeeper.db')}"


@pytest.fixture(params=["sqlite", "postgis"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="module", params=["sqlite", "postgis"])
def modules_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A migrated database of each kind for all tests of a module, which start one service on it."""
    template = request.getfixturevalue(f"{request.param}_template")
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(template, tmp_path_factory.mktemp('module'))}"
    else:
        with _copied(request.getfixturevalue("postgres"), template) as url:
            yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of each kind."""
    opened = Database(database_url)
    yield opened
    await opened.close()
