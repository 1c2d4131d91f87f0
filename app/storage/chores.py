"""What the service does by itself: when each chore last began, ended, and what it said."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage.engine import Reader, Writer
from app.storage.guarding import chores


@dataclass(frozen=True, slots=True)
class Chore:
    """A chore: `done` is when it last ended well (None: never yet), `said` a line about that.

    Where it began later than it was done, it is under way, or did not end well: `said` says so.
    """

    name: str
    begun: dt.datetime
    done: dt.datetime | None
    said: str


async def begin(writer: Writer, name: str, now: dt.datetime) -> None:
    """Notes that a chore begins; what it said of its last time stays until it ends."""
    changed = await writer.execute(sa.update(chores).where(chores.c.name == name).values(begun=now))
    if not changed.rowcount:
        await writer.execute(sa.insert(chores).values(name=name, begun=now, said="it has begun"))


async def end(writer: Writer, name: str, said: str, done: dt.datetime | None) -> None:
    """Notes what a chore has to say, and when it ended well; None: it did not."""
    values: dict[str, object] = {"said": said}
    if done is not None:
        values["done"] = done
    await writer.execute(sa.update(chores).where(chores.c.name == name).values(values))


async def begun(reader: Reader, name: str) -> dt.datetime | None:
    """When a chore last began; None: there is no such chore."""
    found: dt.datetime | None = await reader.scalar(
        sa.select(chores.c.begun).where(chores.c.name == name)
    )
    return found


async def forget(writer: Writer, name: str, begun_: dt.datetime) -> None:
    """Forgets a chore that there is no more, unless it has begun again since."""
    await writer.execute(sa.delete(chores).where(chores.c.name == name, chores.c.begun == begun_))


async def everything(reader: Reader, viewer: Viewer) -> list[Chore]:
    """All chores there have been, by name."""
    viewer.require(Right.READ_DEVICES)
    query = sa.select(*(chores.c[name] for name in Chore.__dataclass_fields__))
    return [Chore(*row) for row in await reader.execute(query.order_by(chores.c.name))]
