"""Posts a device's messages over HTTP, one after the other, as the device's own app would."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterable
from http import HTTPStatus

import httpx

from simulator.devices import OWNTRACKS_DEVICE
from simulator.messages import Message, NotReceivedError

PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Before each further try, while the service is not there or too busy."""
LONGEST_ANSWER = 500


async def post(
    messages: Iterable[Message], client: httpx.AsyncClient, key: str, receipt: Callable[[], None]
) -> None:
    """Posts messages of one device in their order and calls `receipt` for each one taken.

    Raises NotReceivedError at the first one with another answer than 2xx, or with none after
    several tries.
    """
    for message in messages:
        await _deliver(message, client, key)
        receipt()


async def _deliver(message: Message, client: httpx.AsyncClient, key: str) -> None:
    problem = ""
    for pause_s in (0.0, *PAUSES_S):
        await asyncio.sleep(pause_s)
        try:
            answer = await client.send(_request(message, client, key))
        except httpx.TransportError as error:
            problem = repr(error)
            continue
        if answer.is_success:
            return
        problem = f"{answer.status_code} {answer.text[:LONGEST_ANSWER]}"
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    raise NotReceivedError(message, problem)


def _request(message: Message, client: httpx.AsyncClient, key: str) -> httpx.Request:
    """A post as OwnTracks makes it, with a login, or with the device's key as a bearer token."""
    if message.format == "owntracks":
        login = b64encode(f"{message.device}:{key}".encode()).decode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Basic {login}",
            "X-Limit-U": message.device,
            "X-Limit-D": OWNTRACKS_DEVICE,
        }
    else:
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {key}"}
    return client.build_request("POST", message.target, content=message.body, headers=headers)
