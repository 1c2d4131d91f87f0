import re
from collections.abc import Iterator

import httpx
import pytest

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
    names = {field.serialization_alias or name: name for name, field in kind.model_fields.items()}
    [example] = extra["examples"]
    assert kind.model_validate({names[name]: value for name, value in example.items()})
