import re
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
from fastapi import FastAPI

from app import api
from app.api.fields import Schema
from app.main import create_app
from app.settings import Settings


async def test_the_page_and_all_that_it_loads_come_from_the_service_itself() -> None:
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        page = await browser.get("/docs")
        loaded = re.findall(r"(?:src|href)=\"(.+?)\"|url: '(.+?)'", page.text)
        parts = [one or other for one, other in loaded if not one.startswith("data:")]
        answers = [await browser.get(str(page.url.join(part))) for part in parts]
    assert "//" not in "".join(parts)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    kinds = [answer.headers["content-type"].partition(";")[0] for answer in answers]
    assert kinds == ["text/css", "text/javascript", "application/json"]
    # A page cannot load what is not in it: nothing else names an address.
    assert "http" not in page.text


def documented(kind: type[Schema] = Schema) -> Iterator[type[Schema]]:
    """Every schema of the API that shows an example of its own."""
    for one in kind.__subclasses__():
        if "json_schema_extra" in one.model_config:
            yield one
        yield from documented(one)


@pytest.mark.parametrize("kind", [*documented()], ids=lambda kind: kind.__qualname__)
def test_every_example_is_what_its_schema_says(kind: type[Schema]) -> None:
    extra = kind.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    [example] = extra["examples"]
    assert kind.model_validate(by_name(kind, example))


def by_name(kind: type[Schema], shown: dict[str, Any]) -> dict[str, Any]:
    """The example by the names that its fields have here, those of lists of such things too."""
    fields = {field.serialization_alias or name: name for name, field in kind.model_fields.items()}
    found = {fields[alias]: value for alias, value in shown.items()}
    for name, value in found.items():
        match get_args(kind.model_fields[name].annotation):
            case (type() as item,) if issubclass(item, Schema) and isinstance(value, list):
                found[name] = [by_name(item, one) for one in value]
    return found


async def test_every_route_is_documented_with_examples() -> None:
    application = FastAPI()
    application.include_router(api.router)
    document = application.openapi()
    found = [operation for item in document["paths"].values() for operation in item.values()]
    assert len(found) > 60
    for operation in found:
        name = operation["operationId"]
        assert operation["security"] == [{"Token": []}], name
        assert operation["description"], name
        answers = operation["responses"]
        answer = answers.get("200", answers.get("201", {}))
        for part in (operation.get("requestBody", {}), answer):
            for content in part.get("content", {}).values():
                assert "example" in str(content) or has_example(document, content), name


def has_example(document: dict[str, Any], content: dict[str, Any]) -> bool:
    """Whether the schema of a body or answer, or of the items of a list, has an example."""
    name = content["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    if "items" in schema.get("properties", {}):
        return has_example(document, {"schema": schema["properties"]["items"]["items"]})
    return "examples" in schema
