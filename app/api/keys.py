"""Devices' keys, whether they are locked, and how often somebody is turned away."""

import datetime as dt
from typing import Annotated

from fastapi import Path
from pydantic import Field

from app.access.secrets import new_device_key
from app.api.deps import Asker, DatabaseDep, Now, cursor_of, part_of_list
from app.api.devices import Key, Named
from app.api.fields import LARGEST_ID, Listing, Schema, example
from app.api.route import guarded_router
from app.api.state import LookAgain
from app.storage import devices, keys, refusals
from app.storage.pages import Slice

router = guarded_router("devices")

RefusalPart = Annotated[Slice, part_of_list(default=100, most=1000, ordered_by=4)]
KeyId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class KeptKey(Schema):
    """A key as it is known here; the secret itself is nowhere."""

    model_config = example(
        {"id": 7, "created": "2026-11-01T08:00:00Z", "revoked": None, "mqtt": True}
    )

    id: int
    created: dt.datetime
    revoked: dt.datetime | None
    mqtt: bool = Field(description="it is the device's password at the MQTT broker")


class Keys(Schema):
    """The keys of a device, the oldest first."""

    items: list[KeptKey]


class Refusal(Schema):
    """How often somebody was turned away in an hour; `device` null: strangers."""

    model_config = example(
        {
            "hour": "2026-11-23T05:00:00Z",
            "door": "http",
            "device": "phone-03",
            "reason": "locked",
            "times": 240,
        }
    )

    hour: dt.datetime = Field(description="its start, UTC")
    door: str = Field(description="http, mqtt, or gateway: what a gateway said of the device")
    device: str | None
    reason: str = Field(
        description="stranger, revoked (the key was this device's), locked, or too_often"
    )
    times: int


@router.get("/devices/{name}/keys")
async def list_keys(viewer: Asker, name: Named, database: DatabaseDep) -> Keys:
    """The keys that a device has and had: when they were made, and when they were revoked."""
    async with database.read() as reader:
        found = await keys.listed(reader, viewer, name)
    return Keys(items=[KeptKey.model_validate(one, from_attributes=True) for one in found])


@router.post("/devices/{name}/keys", status_code=201)
async def add_key(name: Named, database: DatabaseDep, now: Now, look_again: LookAgain) -> Key:
    """Gives a device one more key, shown only now; the others stay good until they are revoked.

    At the MQTT broker the oldest good key is the password, so that there the new one is good once
    the older ones are revoked.
    """
    key = new_device_key()
    async with database.write() as writer:
        await devices.add_key(writer, name, key.digest, now, mqtt_hash=key.mqtt_hash)
    look_again()
    return Key(key=key.secret)


@router.delete("/devices/{name}/keys", status_code=204)
async def revoke_keys(name: Named, database: DatabaseDep, now: Now, look_again: LookAgain) -> None:
    """Revokes all keys of a device: at once here, in other processes within 2 seconds."""
    async with database.write() as writer:
        await devices.revoke_keys(writer, name, now)
    look_again()


@router.delete("/devices/{name}/keys/{key_id}", status_code=204)
async def revoke_key(
    name: Named, key_id: KeyId, database: DatabaseDep, now: Now, look_again: LookAgain
) -> None:
    """Revokes one key of a device: at once here, in other processes within 2 seconds."""
    async with database.write() as writer:
        await keys.revoke(writer, name, key_id, now)
    look_again()


@router.put("/devices/{name}/lock", status_code=204)
async def lock(name: Named, database: DatabaseDep, now: Now, look_again: LookAgain) -> None:
    """Refuses all that comes from a device, or of it by a gateway, over HTTP and MQTT.

    At once here, in other processes within 2 seconds; it stays so until it is unlocked. Whoever has
    it is told what a stranger is told.
    """
    async with database.write() as writer:
        await keys.lock(writer, name, now)
    look_again()


@router.delete("/devices/{name}/lock", status_code=204)
async def unlock(name: Named, database: DatabaseDep, look_again: LookAgain) -> None:
    """Welcomes a device again, by the keys that it has."""
    async with database.write() as writer:
        await keys.unlock(writer, name)
    look_again()


@router.get("/refusals")
async def list_refusals(
    viewer: Asker, database: DatabaseDep, part: RefusalPart
) -> Listing[Refusal]:
    """How often devices and strangers were turned away, hour by hour, the newest first.

    What is counted is stored each minute.
    """
    async with database.read() as reader:
        page = await refusals.page(reader, viewer, part)
    items = [Refusal.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))
