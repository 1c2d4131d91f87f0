"""Whatever is sent is answered with what is wrong with it, never with "something went wrong"."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from callers import TokenFor
from fastapi import FastAPI
from fuzz import TIMES
from squares import collection, feature

NUL = "\x00"
TEXTS = [
    *("", " ", "\U0001f600" * 300, "x" * 5000, "-1", "9" * 40, "NaN", "1e999", "=1+1", "24:00"),
    *("0001-01-01", "9999-12-31", "1970-01-03", "2199-12-28", "2026-02-30", "Europe/../London"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-29T01:30:00Z"),
]
MORE: list[object] = ["\ud800", None, True, 0, -1, 2**63, 1e308, [], {}, [[[]]], {"a": {"b": []}}]
VALUES = [*TEXTS, *MORE]
AT_ONCE = TIMES  # so many are tried in each place, and others in the next

IN_PATHS = {"name": "radio-07", "key": "HS1", "number": "PC1234"}
IN_QUERIES = {"from": "2026-01-15", "to": "2026-01-16", "plan": "autumn"}
JSON = {"Content-Type": "application/json"}
TEAM = "Centre, late turn"  # as examples name it
WINDOW = {"name": "late", "start": "15:00", "end": "23:00"}
PLAN = {"name": "Autumn nights", "windows": [WINDOW], "first_day": "2026-01-15"}


@pytest.fixture(autouse=True)
async def named_in_examples(admin: httpx.AsyncClient) -> None:
    for path, body in (
        ("/hotspots", collection(feature("HS1"), feature("HS2"))),
        ("/teams", {"name": TEAM}),
        ("/officers", {"number": "PC1234", "name": "One", "team": TEAM}),
        ("/devices", {"name": "radio-07", "kind": "radio"}),
    ):
        assert (await admin.post(path, json=body)).status_code == 201
    assert (await admin.put("/plans/autumn", json=PLAN)).status_code == 200


async def test_nonsense_in_a_body_is_refused(
    application: FastAPI, admin: httpx.AsyncClient, token_for: TokenFor
) -> None:
    officer = await token_for("officer", officer="PC1234")
    values = cycle(VALUES)
    for method, path, operation in operations(application):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        headers = officer if path == "/answers" else dict(admin.headers)
        url = path.format_map(Ids(IN_PATHS))
        for body in spoilt(example_of(application.openapi(), content), values):
            # As text: httpx would not encode half of a character.
            text = json.dumps(body)
            answer = await admin.request(method, url, content=text, headers=headers | JSON)
            assert answer.status_code < 500, (method, path, body)


async def test_nonsense_in_an_address_is_refused(
    application: FastAPI, admin: httpx.AsyncClient
) -> None:
    application.state.ingest = None
    texts = cycle(TEXTS)
    for method, path, operation in operations(application):
        asked = [(one["in"], one["name"]) for one in operation.get("parameters", ())]
        query = {name: IN_QUERIES[name] for _, name in asked if name in IN_QUERIES}
        for place, name in asked:
            for text in (NUL, *islice(texts, AT_ONCE)):
                in_path = {name: quote(text or " ", safe="")} if place == "path" else {}
                in_query = {name: text} if place == "query" else {}
                url = path.format_map(Ids(IN_PATHS | in_path))
                answer = await admin.request(method, url, params=query | in_query)
                assert answer.status_code < 500, (method, path, name, text)


class Ids(dict[str, str]):
    """What paths are filled with: what is not named is an id that nothing has."""

    def __missing__(self, name: str) -> str:
        return "999"


def operations(application: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation but the counts of ingest, which does not run here."""
    for path, item in application.openapi()["paths"].items():
        for method, operation in item.items():
            if not path.endswith("/ingest"):
                yield method, path.removeprefix("/api/v1"), operation


def example_of(document: dict[str, Any], content: dict[str, Any]) -> object:
    if "examples" in content:
        return next(iter(content["examples"].values()))["value"]
    if "example" in content:
        return content["example"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    return document["components"]["schemas"][name]["examples"][0]


def spoilt(body: object, values: Iterator[object]) -> Iterator[object]:
    """The body as it is, nonsense instead, and the body with nonsense in each of its places."""
    yield from (body, *islice(values, 4 * AT_ONCE))
    for place in places(body):
        for value in (NUL, *islice(values, AT_ONCE)):
            copy = deepcopy(body)
            inner: Any = copy
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = value
            yield copy


def places(body: object, before: Sequence[str | int] = ()) -> Iterator[Sequence[str | int]]:
    inside: Any = body.items() if isinstance(body, dict) else ()
    if isinstance(body, list):
        inside = enumerate(body)
    for step, value in inside:
        yield (*before, step)
        yield from places(value, (*before, step))
