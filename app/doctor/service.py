"""Sees if the service runs, and if a fix of each format through its real door is stored."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import httpx
import msgspec

import app as package
from app.doctor.finding import Finding, Status
from app.doctor.messages import media_type
from ingest.doors import DOORS, Door
from ingest.message import Receipt

CHECK: Final = "service"
DOOR: Final = "door"
PARTS: Final = ("database", "broker")
PATIENCE_S: Final = 15.0
_LOOKS: Final = 6
_BETWEEN_LOOKS_S: Final = 0.4


def client(url: str) -> httpx.AsyncClient:
    """A client of the service at an address; one connection, for the order of the trial's fixes."""
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_S)


async def check_service(
    service: httpx.AsyncClient, *, sought: bool
) -> tuple[list[Finding], Mapping[str, bool | None]]:
    """Whether it answers, with all its parts, and is of this version; also which parts it has.

    `sought`: somebody said where it is. No parts: it does not answer.
    """
    try:
        ready = await service.get("/readyz")
        said = msgspec.json.decode(ready.content, type=dict[str, bool | int | None])
        parts = {part: said[part] is True for part in PARTS if said.get(part) is not None}
        document = (await service.get("/openapi.json")).json()
    except (httpx.HTTPError, ValueError, msgspec.DecodeError) as exc:
        status = Status.BROKEN if sought else Status.LOOK
        says = f"No service answers at {service.base_url}: {str(exc) or type(exc).__name__}."
        return [Finding(CHECK, status, says, "Start it, or give its address as --url.")], {}
    found = [
        Finding(CHECK, Status.BROKEN, f"The service cannot reach its {part}.", "See its log.")
        for part, there in parts.items()
        if there is False
    ]
    says = f"The service answers at {service.base_url}"
    version = document.get("info", {}).get("version") if isinstance(document, dict) else None
    if version != package.__version__:
        says = f"{says}, of version {version}, and this is {package.__version__}."
        return [*found, Finding(CHECK, Status.LOOK, says, "Run the same version of both.")], parts
    return [*found, Finding(CHECK, Status.OK, f"{says}, version {version}.")], parts


async def check_hold(service: httpx.AsyncClient) -> list[Finding]:
    """Whether the service keeps its connection to the broker for some seconds."""
    lost = 0
    for _ in range(_LOOKS):
        try:
            lost += (await service.get("/readyz")).json().get("broker") is False
        except (httpx.HTTPError, ValueError):
            lost += 1
        await asyncio.sleep(_BETWEEN_LOOKS_S)
    if not lost:
        return [Finding("client id", Status.OK, "The service keeps its connection to its broker.")]
    says = "The service loses its connection to its broker again and again."
    do = "See that no other program uses its client id: each needs a BEATKEEPER_MQTT_CLIENT_ID."
    return [Finding("client id", Status.BROKEN, says, do)]


async def post(
    service: httpx.AsyncClient, key: str, messages: Mapping[str, bytes]
) -> list[Finding]:
    """Sends a message of each format as its senders would; what was not answered as they expect."""
    found = []
    for door in DOORS:
        wrong = await _posted(service, door, key, messages[door.format])
        if wrong is not None:
            found.append(wrong)
        if wrong is not None and wrong.about == "":
            break  # no door would answer otherwise
    return found


async def _posted(
    service: httpx.AsyncClient, door: Door, key: str, message: bytes
) -> Finding | None:
    headers = {"Content-Type": media_type(door.format), "Authorization": f"Bearer {key}"}
    try:
        answer = await service.post(f"/ingest/{door.format}", content=message, headers=headers)
    except httpx.HTTPError as exc:
        says = f"The service stopped answering: {str(exc) or type(exc).__name__}."
        return Finding(DOOR, Status.BROKEN, says, "See its log.")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        says = "The service does not know a key that was just made in this database."
        return Finding(DOOR, Status.BROKEN, says, "It works on another database: see --database.")
    if not answer.is_success:
        says = f"{door.format} was answered {answer.status_code}: {answer.text[:200]}"
        return Finding(DOOR, Status.BROKEN, says, "See the service's log.", door.format)
    wrong = _answered_wrong(door, answer.content)
    if wrong is None:
        return None
    do = "See for what stands between the devices and the service, such as a proxy."
    return Finding(DOOR, Status.BROKEN, f"{door.format} was {wrong}.", do, door.format)


def _answered_wrong(door: Door, body: bytes) -> str | None:
    """What is wrong with an answer: it is to be the protocol's own; None: nothing."""
    if door.answer is not None:
        right = body == door.answer.body
        return None if right else f"answered {body[:80]!r}, which its apps do not understand"
    try:
        receipt = msgspec.json.decode(body, type=Receipt)
    except msgspec.DecodeError:
        return f"answered {body[:80]!r}, which is no receipt"
    rejected = "; ".join(one.detail for one in receipt.rejected)
    return f"refused: {rejected}" if rejected else None


def missing(formats: Sequence[str], stored: set[str], way: str) -> list[Finding]:
    """What was answered well, or published, and is not in the table."""
    lost = [name for name in formats if name not in stored]
    if not lost:
        says = f"A fix of each of {len(formats)} formats over {way} was answered and stored."
        return [Finding(DOOR, Status.OK, says)]
    return [
        Finding(
            DOOR,
            Status.BROKEN,
            f"A fix sent as {name} over {way} is not in the table of fixes.",
            "See the service's log, and if it works on this database.",
            name,
        )
        for name in lost
    ]
