"""Plays a shift's messages against a running service, as fast as it gives receipts for them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import httpx

from simulator.messages import Message
from simulator.post import post
from simulator.publish import Broker, publish

ANSWER_S = 30.0
"""How long to wait for the answer to a post."""


async def play(
    messages: Sequence[Message],
    *,
    base_url: str,
    broker: Broker,
    keys: Mapping[str, str],
    progress: Callable[[int, int], None],
) -> None:
    """Sends every message over MQTT or HTTP, each device's own in their order.

    `keys` holds each device's key; `progress` is told, on the event loop, how many were received
    and of how many. Raises NotReceivedError at the first message that is not received, and
    ConnectionError where there is no broker.
    """
    received = 0

    def receipt() -> None:
        nonlocal received
        received += 1
        progress(received, len(messages))

    posts: dict[str, list[Message]] = {}
    for message in messages:
        if message.transport == "http":
            posts.setdefault(message.device, []).append(message)
    publications = [message for message in messages if message.transport == "mqtt"]
    try:
        async with (
            httpx.AsyncClient(base_url=base_url, timeout=ANSWER_S) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(publish(publications, broker, receipt))
            for device, its_posts in posts.items():
                tasks.create_task(post(its_posts, client, keys[device], receipt))
    except ExceptionGroup as failures:
        # The first failure stops the others, so it is the one to tell.
        raise failures.exceptions[0] from failures
