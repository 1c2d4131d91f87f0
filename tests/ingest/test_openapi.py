from pathlib import Path
from typing import Any

import pytest

from ingest.decoders import DECODERS
from ingest.doors import DOORS, Door
from ingest.examples import EXAMPLES
from ingest.openapi import describe


def described() -> dict[str, Any]:
    document: dict[str, Any] = {}
    describe(document)
    return document


def test_the_key_is_documented_as_a_scheme_of_its_own() -> None:
    assert described()["components"]["securitySchemes"]["DeviceKey"]["scheme"] == "bearer"


def test_every_format_has_a_door_an_example_and_a_line_in_the_readme() -> None:
    assert [door.format for door in DOORS] == list(DECODERS) == list(EXAMPLES)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [name for name in DECODERS if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("door", DOORS, ids=[door.format for door in DOORS])
def test_the_documentation_shows_every_route_with_an_example(door: Door) -> None:
    paths = described()["paths"]
    keyed, in_path = paths[f"/ingest/{door.format}"], paths[f"/ingest/{door.format}/{{key}}"]
    assert {method.upper() for method in keyed} == set(door.methods) == {m.upper() for m in in_path}
    for method in keyed:
        assert keyed[method]["security"] == [{"DeviceKey": []}]
        named = {(one["name"], one["in"]) for one in in_path[method]["parameters"]}
        assert ("key", "path") in named
        assert {"200", "401", "408", "415", "503"} <= set(keyed[method]["responses"])
        assert ("requestBody" in keyed[method]) == (method != "get")
    example = EXAMPLES[door.format]
    shown = keyed["post"]["requestBody"]["content"][example.media_type]
    assert shown["example"] == example.value


def test_no_two_operations_have_one_name() -> None:
    paths = described()["paths"]
    names = [one["operationId"] for path in paths.values() for one in path.values()]
    assert len(names) == len(set(names)) == 2 * sum(len(door.methods) for door in DOORS)
