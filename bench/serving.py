"""The service, and the bare servers beside it, each in a process of its own on a free port."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
from services import Postgres, free_port

from app.storage import migrate
from app.storage.engine import Database

HERE = Path(__file__).parent


async def make(cluster: Postgres, name: str) -> Database:
    """A migrated, empty database of that name."""
    connection = await asyncpg.connect(cluster.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    database = Database(cluster.url(name))
    await migrate.upgrade(database)
    return database


@asynccontextmanager
async def service(database: Database, **settings: str) -> AsyncIterator[int]:
    """The service as a force runs it; gives its port once it is ready."""
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with TemporaryDirectory() as folder:
        named = {"database": url, "spool": f"{folder}/spool", **settings}
        environment = {f"BEATKEEPER_{name.upper()}": value for name, value in named.items()}
        port = free_port()
        with _running(["-m", "app", "serve", "--port", str(port)], environment) as process:
            await _until(f"http://127.0.0.1:{port}/readyz", process)
            yield port


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A bare ASGI echo under the service's own server; gives its port."""
    port = free_port()
    with _running([str(HERE / "echo.py"), str(port)]) as process:
        await _until(f"http://127.0.0.1:{port}/", process)
        yield port


@contextmanager
def _running(
    arguments: list[str], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


async def _until(url: str, process: subprocess.Popen[bytes]) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                if process.poll() is not None:
                    break
            await asyncio.sleep(0.1)
    msg = f"nothing answers at {url}"
    raise RuntimeError(msg)
