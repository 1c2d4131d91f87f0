"""Devices with their addresses and keys."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field, StringConstraints

from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Right, Viewer
from app.api.deps import DatabaseDep, Manager, Now, Part, cursor_of, viewer_with
from app.api.errors import Invalid
from app.api.fields import Listing, Name, Schema, example
from app.api.route import guarded_router
from app.storage import devices

router = guarded_router("devices")

# A device's name is a level of its MQTT topics.
DeviceName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x20\x7f/+#]+$")
]
Named = Annotated[DeviceName, Path()]

_EXAMPLE = {
    "name": "phone-03",
    "kind": "phone",
    "profile": "phone",
    "addresses": [{"kind": "owntracks", "address": "pc1234/phone"}],
    "speaks_for": [],
}
_KEY = "bkd_kq3v...shown-only-once"


class Address(Schema):
    """What a device is called on the wire: of kind `owntracks`, `user/device`."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
    address: Name


class DeviceValues(Schema):
    """What there is to say of a device."""

    model_config = example({key: value for key, value in _EXAMPLE.items() if key != "name"})

    kind: Literal["radio", "phone", "handheld", "vehicle", "gateway"]
    profile: Name | None = Field(None, description="a profile's name; without one, the kind's")
    addresses: list[Address] = Field([], max_length=20)
    speaks_for: list[DeviceName] = Field(
        [], max_length=10_000, description="a gateway's devices, by name"
    )


class GivenDevice(DeviceValues):
    """A device to be made."""

    model_config = example(_EXAMPLE)

    name: DeviceName


class Device(GivenDevice):
    """A device as it is."""

    profile: Name


class Key(Schema):
    """A device's key, shown only now."""

    model_config = example({"key": _KEY})

    key: str


class NewDevice(Device, Key):
    """A device just made, and its key, which is shown only now."""

    model_config = example({**_EXAMPLE, "key": _KEY})


@router.post("/devices", status_code=201, dependencies=[Manager])
async def create_device(given: GivenDevice, database: DatabaseDep, now: Now) -> NewDevice:
    """Adds a device and gives its key, which is shown only now."""
    device = _device(given)
    key = new_secret(Kind.DEVICE_KEY)
    async with database.write() as writer:
        await devices.create(writer, device, digest(key), now)
    return NewDevice(**Device.model_validate(device, from_attributes=True).model_dump(), key=key)


def _device(given: GivenDevice) -> devices.Device:
    if given.speaks_for and given.kind != "gateway":
        raise Invalid(where="speaks_for", what="only a gateway speaks for other devices")
    for one in given.addresses:
        if one.kind == "owntracks" and one.address.count("/") != 1:
            raise Invalid(where="addresses", what="an owntracks address is `user/device`")
    return devices.Device(
        name=given.name,
        kind=given.kind,
        profile=given.profile or given.kind,
        addresses=[devices.Address(one.kind, one.address) for one in given.addresses],
        speaks_for=given.speaks_for,
    )


@router.put("/devices/{name}", dependencies=[Manager])
async def change_device(name: Named, values: DeviceValues, database: DatabaseDep) -> Device:
    """Gives a device another profile, other addresses or others to speak for; its kind stays.

    Its keys stay too. The profile counts for fixes that come from now on; visits of before stay as
    they were measured, and `beatkeeper recompute` measures them by it.
    """
    device = _device(GivenDevice(name=name, **values.model_dump()))
    async with database.write() as writer:
        await devices.change(writer, device)
    return Device.model_validate(device, from_attributes=True)


@router.get("/devices")
async def list_devices(
    viewer: Annotated[Viewer, viewer_with(Right.READ_DEVICES)],
    database: DatabaseDep,
    now: Now,
    part: Part,
) -> Listing[Device]:
    """The devices that you may see: a supervisor, those that their officers now carry."""
    async with database.read() as reader:
        page = await devices.page(reader, viewer, part, now)
    items = [Device.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.post("/devices/{name}/keys", status_code=201, dependencies=[Manager])
async def add_key(name: Named, database: DatabaseDep, now: Now) -> Key:
    """Gives a device one more key, shown only now; the others stay good until they are revoked."""
    key = new_secret(Kind.DEVICE_KEY)
    async with database.write() as writer:
        await devices.add_key(writer, name, digest(key), now)
    return Key(key=key)


@router.delete("/devices/{name}/keys", status_code=204, dependencies=[Manager])
async def revoke_keys(name: Named, database: DatabaseDep, now: Now) -> None:
    """Revokes all keys of a device; ingest processes follow within seconds."""
    async with database.write() as writer:
        await devices.revoke_keys(writer, name, now)
