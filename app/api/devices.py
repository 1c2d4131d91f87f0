"""Devices with their addresses and keys."""

import datetime as dt
import re
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from app.access.naming import Naming
from app.access.secrets import new_device_key
from app.api.deps import DatabaseDep, Now, Part, cursor_of
from app.api.errors import Invalid
from app.api.fields import Listing, Name, Schema, example
from app.api.naming import AsNamed
from app.api.route import guarded_router
from app.api.state import LookAgain
from app.compliance.limits import DEVICE_NAME, LONGEST_DEVICE_NAME, OWNTRACKS_ADDRESS
from app.storage import devices

router = guarded_router("devices")

DeviceName = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_DEVICE_NAME, pattern=DEVICE_NAME)
]
Named = Annotated[DeviceName, Path()]

_LONGEST_SECRET = 32  # bytes: the key of libsodium's secretbox, which the apps fill up with NUL


def _passphrase(secret: SecretStr) -> SecretStr:
    """Refuses one that an app could not have, or would make another of."""
    text = secret.get_secret_value()
    if not 1 <= len(text.encode()) <= _LONGEST_SECRET or not text.isprintable():
        msg = f"give 1 to {_LONGEST_SECRET} bytes of printable characters"
        raise ValueError(msg)
    return secret


_EXAMPLE = {
    "name": "phone-03",
    "kind": "phone",
    "profile": "phone",
    "addresses": [{"kind": "owntracks", "address": "pc1234/phone"}],
    "speaks_for": [],
    "speed_unit": None,
}
_SHOWN = {**_EXAMPLE, "owntracks_encrypted": False, "locked": None}
KEY = "bkd_kq3v...shown-only-once"


class Address(Schema):
    """What a device is called on the wire: of kind `owntracks`, `user/device`."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
    address: Name


class _Values(Schema):
    """What there is to say of a device, and to see of it."""

    kind: Literal["radio", "phone", "handheld", "vehicle", "gateway"]
    profile: Name | None = Field(None, description="a profile's name; without one, the kind's")
    speed_unit: Literal["kn", "mps", "kmh", "mph"] | None = Field(
        None,
        description="of `speed` among the parameters that it sends as `osmand` or `traccar`; "
        "without one, knots, as Traccar Client sends. OsmAnd and many scripts send `mps`.",
    )


class DeviceValues(_Values):
    """What there is to say of a device."""

    model_config = example({key: value for key, value in _EXAMPLE.items() if key != "name"})

    addresses: list[Address] = Field([], max_length=20)
    speaks_for: list[DeviceName] = Field(
        [], max_length=10_000, description="a gateway's devices, by name"
    )
    owntracks_secret: Annotated[SecretStr, AfterValidator(_passphrase)] | None = Field(
        None,
        description="the encryption key set in its OwnTracks app; never shown again. Null: none. "
        "Left out of a change, it stays what it is.",
        json_schema_extra={"writeOnly": True},
    )

    @property
    def secret(self) -> str | None:
        """The passphrase in clear."""
        hidden = self.owntracks_secret
        return None if hidden is None else hidden.get_secret_value()


class GivenDevice(DeviceValues):
    """A device to be made."""

    model_config = example(_EXAMPLE)

    name: DeviceName


class Device(_Values):
    """A device as it is."""

    model_config = example(_SHOWN)

    name: DeviceName = Field(description="its name, or your pseudonym for it")
    profile: Name
    addresses: list[Address] | None = Field(description="null for who sees no names")
    speaks_for: list[DeviceName] | None = Field(
        description="a gateway's devices, by name; null for who sees no names"
    )
    owntracks_encrypted: bool = Field(
        description="whether it has an `owntracks_secret`, which opens what it sends encrypted; "
        "what it sends plainly is taken, too"
    )
    locked: dt.datetime | None = Field(
        description="since when nothing is taken from it; null: it is welcome"
    )


class Key(Schema):
    """A device's key, shown only now."""

    model_config = example({"key": KEY})

    key: str


class NewDevice(Device, Key):
    """A device just made, and its key, which is shown only now."""

    model_config = example({**_SHOWN, "key": KEY})


@router.post("/devices", status_code=201)
async def create_device(given: GivenDevice, database: DatabaseDep, now: Now) -> NewDevice:
    """Adds a device and gives its key, which is shown only now."""
    key = new_device_key()
    async with database.write() as writer:
        await devices.create(
            writer, _device(given.name, given), key.digest, now, mqtt_hash=key.mqtt_hash
        )
        await devices.set_owntracks_secret(writer, given.name, given.secret)
        made = await devices.named(writer, given.name)
    device = Device.model_validate(made, from_attributes=True)
    return NewDevice(**device.model_dump(), key=key.secret)


def _device(name: str, given: DeviceValues) -> devices.Device:
    if given.speaks_for and given.kind != "gateway":
        raise Invalid(where="speaks_for", what="only a gateway speaks for other devices")
    for one in given.addresses:
        if one.kind == "owntracks" and not re.fullmatch(OWNTRACKS_ADDRESS, one.address):
            what = "an owntracks address is `user/device`, without + and #"
            raise Invalid(where="addresses", what=what)
    return devices.Device(
        name=name,
        kind=given.kind,
        profile=given.profile or given.kind,
        addresses=[devices.Address(one.kind, one.address) for one in given.addresses],
        speaks_for=given.speaks_for,
        speed_unit=given.speed_unit,
    )


@router.put("/devices/{name}")
async def change_device(
    name: Named, values: DeviceValues, database: DatabaseDep, look_again: LookAgain
) -> Device:
    """Gives a device another profile, other addresses or others to speak for; its kind stays.

    Its keys stay too, and its `owntracks_secret` where none is given. The profile counts for fixes
    that come from now on; visits of before stay as they were measured, and `beatkeeper recompute`
    measures them by it.
    """
    async with database.write() as writer:
        await devices.change(writer, _device(name, values))
        if "owntracks_secret" in values.model_fields_set:
            await devices.set_owntracks_secret(writer, name, values.secret)
        changed = await devices.named(writer, name)
    look_again()
    return Device.model_validate(changed, from_attributes=True)


@router.get("/devices")
async def list_devices(
    naming: AsNamed,
    database: DatabaseDep,
    now: Now,
    part: Part,
) -> Listing[Device]:
    """The devices that you may see: a supervisor, those that their officers now carry.

    Who has no right to names sees pseudonyms, and not what devices are called on the wire.
    """
    async with database.read() as reader:
        page = await devices.page(reader, naming, part, now)
    items = [_shown(one, naming) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


def _shown(device: devices.Device, naming: Naming) -> Device:
    shown = Device.model_validate(device, from_attributes=True)
    if naming.by_name:
        return shown
    hidden = {"name": naming.device(device.name), "addresses": None, "speaks_for": None}
    return shown.model_copy(update=hidden)
