"""Column types that differ between SQLite and PostGIS."""

import datetime as dt
from typing import Any

import shapely
from geoalchemy2 import Geometry
from geoalchemy2.elements import WKBElement, WKTElement
from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
WGS84 = 4326

# SQLite numbers rows by itself only in a column declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def to_us(time: dt.datetime) -> int:
    """Microseconds from the Unix epoch to an aware time, exactly."""
    return (time - EPOCH) // MICROSECOND


def from_us(time_us: int) -> dt.datetime:
    """The aware UTC time that many microseconds after the Unix epoch."""
    return EPOCH + dt.timedelta(microseconds=time_us)


def storable(text: str) -> str:
    """Text as PostgreSQL takes it: without NUL, and without halves of characters."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


class Instant(TypeDecorator[dt.datetime]):
    """An aware time to the microsecond: timestamptz, or microseconds since the epoch on SQLite.

    SQLite has no type for times; as text, aware and naive ones would mix and sort wrongly.
    """

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(TIMESTAMP(timezone=True))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 -- what a driver takes
        if value is None or dialect.name != "sqlite":
            return value
        return to_us(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ANN401 -- what a driver gives
        if value is None:
            return None
        return from_us(value) if dialect.name == "sqlite" else value.astimezone(dt.UTC)


class Shape(TypeDecorator[BaseGeometry]):
    """A geometry in WGS84 degrees: PostGIS geometry, or WKB on SQLite."""

    impl = LargeBinary
    cache_ok = True
    # GeoAlchemy2 reads this when it makes a table. Fixes and hot spots are found by their keys.
    spatial_index = False

    def load_dialect_impl(self, dialect: Dialect | None) -> TypeEngine[Any]:
        # GeoAlchemy2 asks without a dialect whether a column is spatial.
        if dialect is not None and dialect.name == "sqlite":
            return LargeBinary()
        return Geometry("GEOMETRY", srid=WGS84, spatial_index=False)

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> Any:  # noqa: ANN401 -- what a driver takes
        if value is None:
            return None
        if dialect.name == "sqlite":
            return shapely.to_wkb(value)
        # As bytes, to the last bit: text would round, and the same shape again look like a change.
        return shapely.to_wkb(shapely.set_srid(value, WGS84), hex=True, include_srid=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:  # noqa: ANN401, ARG002 -- what a driver gives
        if value is None:
            return None
        if isinstance(value, WKTElement):
            return shapely.from_wkt(value.data)
        return shapely.from_wkb(value.data if isinstance(value, WKBElement) else value)
