"""The kinds of values that the API takes and gives: names, days, moments, lists."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Generic, TypeVar, cast

from fastapi.openapi.models import Example
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from app.compliance.calendar import FIRST_DAY, LAST_DAY
from app.compliance.limits import LONGEST_NAME, NO_NAME

LARGEST_ID = 2**63 - 1

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LOCAL_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

Item = TypeVar("Item")


MOST_AT_ONCE = 10_000  # in a list that is stored whole or not at all


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


class _OrOne:
    """One is taken for a list of one, and the OpenAPI document says so."""

    @staticmethod
    def __get_pydantic_core_schema__(
        source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


OneOrMore = Annotated[list[Item], Field(min_length=1, max_length=MOST_AT_ONCE), _OrOne]
"""One, or a list, taken as a list."""


class Schema(BaseModel):
    """What the API says and accepts; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Listing(Schema, Generic[Item]):
    """A part of a list; `next` is the `cursor` of the part after it, null at the end."""

    items: list[Item]
    next: str | None = None


def example(value: Mapping[str, object]) -> ConfigDict:
    """The configuration of a schema that shows an example."""
    return ConfigDict(json_schema_extra={"examples": [cast("JsonValue", value)]})


def one_or_more(value: Mapping[str, object]) -> dict[str, Example]:
    """The examples of a body that is one, or a list."""
    return {"one": {"value": value}, "several": {"value": [value]}}


def rfc3339(time: dt.datetime) -> str:
    """A time in UTC to the microsecond, ending in Z (RFC 3339)."""
    utc = time.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def _moment(value: object) -> object:
    if isinstance(value, str) and "T" in value:
        # An offset's plus that nobody escaped in an address comes as a space.
        value = value.replace(" ", "+")
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        msg = "give an RFC 3339 time with an offset, such as 2026-01-15T15:00:00Z"
        raise ValueError(msg)
    return _not_a_number(value)


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        msg = "give a day as YYYY-MM-DD"
        raise ValueError(msg)
    return _not_a_number(value)


def _local_time(value: object) -> object:
    if isinstance(value, str) and not _LOCAL_TIME.fullmatch(value):
        msg = "give a local time as HH:MM, 00:00 to 23:59"
        raise ValueError(msg)
    return _not_a_number(value)


def _not_a_number(value: object) -> object:
    # Pydantic would take it for seconds since 1970.
    if isinstance(value, int | float):
        msg = "give it as text"
        raise ValueError(msg)  # noqa: TRY004 -- Pydantic makes an answer of a ValueError only
    return value


def _reckonable_day(day: dt.date) -> dt.date:
    if not FIRST_DAY <= day <= LAST_DAY:
        msg = f"give a day from {FIRST_DAY} to {LAST_DAY}"
        raise ValueError(msg)
    return day


def _reckonable(time: dt.datetime) -> dt.datetime:
    _reckonable_day(time.date())
    return time.astimezone(dt.UTC)


Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=rf"^[^{NO_NAME}]*$",
    ),
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    AfterValidator(_reckonable),
    PlainSerializer(rfc3339, when_used="json"),
]
Day = Annotated[dt.date, BeforeValidator(_day), AfterValidator(_reckonable_day)]
LocalTime = Annotated[
    dt.time,
    BeforeValidator(_local_time),
    PlainSerializer(lambda time: f"{time:%H:%M}", return_type=str, when_used="json"),
]
