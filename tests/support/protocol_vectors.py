"""The vectors of PROTOCOL_VECTORS.json, beside the repository, as parameters named by origin."""

import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "shared/PROTOCOL_VECTORS.json"


def vectors(format_: str) -> list[Any]:
    """Give the vectors of one format; one that skips where the file is not there."""
    if not FILE.exists():
        skip = pytest.mark.skip(reason="PROTOCOL_VECTORS.json is not beside the project")
        return [pytest.param({}, marks=skip, id=format_)]
    found = [v for v in json.loads(FILE.read_text())["vectors"] if v["format"] == format_]
    return [pytest.param(v, id=f"{v['origin']} #{n}") for n, v in enumerate(found, 1)]
