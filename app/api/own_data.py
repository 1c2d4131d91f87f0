"""What is stored of the officer who asks."""

import datetime as dt

from pydantic import Field

from app.api.deps import Asker, DatabaseDep
from app.api.fields import Moment, Schema, example
from app.api.route import PREFIX, guarded_router
from app.storage import own_data

router = guarded_router("people")

_LINKS = {
    "visits": f"{PREFIX}/visits?f=csv",
    "positions": f"{PREFIX}/pings?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z&f=csv",
    "events": f"{PREFIX}/events",
}


class Stretch(Schema):
    """A stretch of time on duty, or with a device."""

    start: Moment = Field(serialization_alias="from")
    end: Moment | None = Field(serialization_alias="to", description="null: until further notice")
    device: str | None = None


class Said(Schema):
    """What the officer said of a hot spot."""

    time: Moment
    hotspot: str
    day: dt.date
    window: str
    answer: str
    reason: str


class OwnData(Schema):
    """What is stored of an officer; what is too long for a list stands behind `links`."""

    model_config = example(
        {
            "number": "PC1234",
            "name": "A. Example",
            "rows": {"assignments": 12, "duty_times": 12, "fixes": 41233, "visits": 61},
            "duty_times": [
                {"from": "2026-11-20T14:00:00Z", "to": "2026-11-20T22:00:00Z", "device": None}
            ],
            "devices": [{"from": "2026-11-20T14:00:00Z", "to": None, "device": "radio-17"}],
            "answers": [],
            "links": _LINKS,
        }
    )

    number: str
    name: str
    rows: dict[str, int] = Field(description="how many there are of each kind, all versions")
    duty_times: list[Stretch] = Field(description=f"the last {own_data.MOST}")
    devices: list[Stretch] = Field(description="likewise: what they carried")
    answers: list[Said] = Field(description="likewise")
    links: dict[str, str] = Field(description="where the rest is to be had, month by month")


@router.get("/me/data")
async def my_data(viewer: Asker, database: DatabaseDep) -> OwnData:
    """All that is stored of you, if you are an officer: counted, and listed where it is short."""
    async with database.read() as reader:
        mine = await own_data.read(reader, viewer)
    return OwnData(
        number=mine.number,
        name=mine.name,
        rows=dict(mine.rows),
        duty_times=[Stretch.model_validate(one, from_attributes=True) for one in mine.duty_times],
        devices=[Stretch.model_validate(one, from_attributes=True) for one in mine.devices],
        answers=[Said.model_validate(one, from_attributes=True) for one in mine.answers],
        links=_LINKS,
    )
