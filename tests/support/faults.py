"""What may happen to a service, its broker, its database and what is between them."""

import asyncio
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import asyncpg
import numpy as np
from scene import Scene
from wire import Wire

Fault = Callable[[Scene, np.random.Generator], None]


def kill_service(scene: Scene, _random: np.random.Generator) -> None:
    """Its process dies and is started again."""
    scene.service.stop(signal.SIGKILL)
    scene.service.start()


def kill_database(scene: Scene, random: np.random.Generator) -> None:
    """All processes of PostgreSQL die; it comes back and recovers from its log."""
    assert scene.cluster is not None
    scene.cluster.kill()
    time.sleep(random.uniform(0, 1))
    scene.cluster.start()


def kill_broker(scene: Scene, random: np.random.Generator) -> None:
    """The broker dies and comes back with what it had saved; devices send the rest again."""
    scene.broker.kill()
    saved = scene.broker.saved()
    time.sleep(random.uniform(0, 1))
    scene.broker.start()
    for publisher in scene.publishers.values():
        publisher.doubt(saved)


def cut_off_devices(scene: Scene, random: np.random.Generator) -> None:
    """Connections of devices to the service break amid what they carry."""
    _cut(scene.to_service, random)


def cut_off_database(scene: Scene, random: np.random.Generator) -> None:
    """Connections of the service to PostgreSQL break amid what they carry."""
    assert scene.to_database is not None
    _cut(scene.to_database, random)


def cut_off_broker(scene: Scene, random: np.random.Generator) -> None:
    """The connection of the service to the broker breaks amid what it carries."""
    _cut(scene.to_broker, random)


def _cut(wire: Wire, random: np.random.Generator) -> None:
    wire.tear()
    time.sleep(random.uniform(0, 1))
    wire.mend()


def fall_silent(scene: Scene, random: np.random.Generator) -> None:
    """Nothing that the service and its database say arrives; then the connections break."""
    assert scene.to_database is not None
    scene.to_database.hold()
    time.sleep(random.uniform(1, 4))
    scene.to_database.tear()
    scene.to_database.mend()


def slow_down(scene: Scene, random: np.random.Generator) -> None:
    """Everything between the service and its database takes long."""
    assert scene.to_database is not None
    scene.to_database.delay_s = random.uniform(0.05, 0.5)
    time.sleep(2)
    scene.to_database.delay_s = 0


def lock_table(scene: Scene, random: np.random.Generator) -> None:
    """Somebody holds a lock on the fixes: statements hang, for longer than devices wait."""

    async def hold() -> None:
        connection = await asyncpg.connect(scene.database)
        async with connection.transaction():
            await connection.execute("LOCK TABLE fixes IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(random.uniform(1, 5))
        await connection.close()

    asyncio.run(hold())


def lock_file(scene: Scene, random: np.random.Generator) -> None:
    """Another process writes to the SQLite file, for longer than the service waits for it."""
    with _locked(scene):
        time.sleep(random.uniform(5, 7))


@contextmanager
def _locked(scene: Scene) -> Iterator[None]:
    file = scene.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def away(scene: Scene) -> Iterator[None]:
    """Nothing can be stored meanwhile."""
    if scene.cluster is None:
        with _locked(scene):
            yield
    else:
        scene.cluster.kill()
        yield
        scene.cluster.start()


EITHER: list[Fault] = [kill_service, kill_broker, cut_off_devices, cut_off_broker]
SQLITE: list[Fault] = [*EITHER, lock_file]
# What touches the file; the others, a round with PostgreSQL shows as well.
OF_SQLITE: list[Fault] = [kill_service, lock_file]
POSTGRES: list[Fault] = [
    *EITHER,
    kill_database,
    cut_off_database,
    fall_silent,
    slow_down,
    lock_table,
]
