"""Profiles: what to expect of a kind of device."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.fields import Listing, Name, Schema, example
from app.api.route import guarded_router
from app.storage import profiles
from geofence.model import VAGUEST_M

router = guarded_router("devices")

_DAY_S = 86_400
_VALUES = {
    "interval_s": 60,
    "max_gap_s": None,
    "reports_when_still": False,
    "assumed_accuracy_m": 15,
}


class ProfileValues(Schema):
    """What to expect of a kind of device; seconds and metres."""

    model_config = example(_VALUES)

    interval_s: float = Field(gt=0, le=_DAY_S, description="expected between two fixes")
    max_gap_s: float | None = Field(
        None,
        gt=0,
        le=_DAY_S,
        description="the largest between two fixes that counts; null: max(120, 2.5 intervals)",
    )
    reports_when_still: bool = True
    assumed_accuracy_m: float = Field(
        0, ge=0, le=VAGUEST_M, description="of fixes that come without their accuracy"
    )


class Profile(ProfileValues):
    """A profile with its name."""

    model_config = example({"name": "radio", **_VALUES})

    name: Name


@router.get("/profiles")
async def list_profiles(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Profile]:
    """The profiles now in force."""
    async with database.read() as reader:
        page = await profiles.page(reader, viewer, part)
    items = [Profile.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.put("/profiles/{name}")
async def put_profile(
    name: Annotated[Name, Path()], values: ProfileValues, database: DatabaseDep, now: Now
) -> Profile:
    """Makes a profile what it is from now on; what it was before is kept.

    Visits of before stay as they were measured; `beatkeeper recompute` measures them by it.
    """
    profile = Profile(name=name, **values.model_dump())
    async with database.write() as writer:
        await profiles.put(writer, profiles.DeviceProfile(**profile.model_dump()), now)
    return profile
