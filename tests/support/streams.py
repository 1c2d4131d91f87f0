"""Follows a running service's live events as a dashboard does: on from where it broke off."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Self

import httpx


@dataclass
class Follower:
    """Everything that a stream told; use as `async with`. It may come back where one ended."""

    url: str
    token: str
    comes_back: bool = False
    told: list[dict[str, Any]] = field(default_factory=list)
    position: str | None = None
    ended: bool = False
    _begun: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        await asyncio.wait_for(self._begun.wait(), 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def until(self, count: int) -> list[dict[str, Any]]:
        """What was told, once it is so much."""
        async with asyncio.timeout(30):
            while len(self.told) < count:
                self._news.clear()
                await self._news.wait()
        return self.told

    async def end(self) -> None:
        """Waits until the stream has ended."""
        if self._task is not None:
            await asyncio.wait_for(self._task, 20)

    async def _follow(self) -> None:
        while True:
            try:
                await self._read()
                self.ended = True
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            if not self.comes_back:
                return

    async def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        if self.position is not None:
            headers["Last-Event-ID"] = self.position
        limits = httpx.Timeout(30, read=None)
        async with (
            httpx.AsyncClient(timeout=limits) as client,
            client.stream("GET", f"{self.url}/api/v1/events", headers=headers) as answer,
        ):
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                self._take(line)

    def _take(self, line: str) -> None:
        name, _, value = line.partition(": ")
        if name == "id":
            self.position = value
            self._begun.set()
        elif name == "data":
            self.told.append(json.loads(value))
            self._news.set()
