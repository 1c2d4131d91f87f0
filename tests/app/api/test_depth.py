"""JSON that is nested without end is refused in one clear sentence, before anything reads it."""

import json
import time

import httpx
import pytest

from app.api.depth import DEEPEST, too_deep


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[" * DEEPEST + b"]" * DEEPEST, False),
        (b"[" * (DEEPEST + 1), True),
        (b'{"a":' * (DEEPEST + 1), True),
        (json.dumps(["[" * 1000]).encode(), False),
        (json.dumps(['\\"' + "{" * 1000]).encode(), False),
        (b'"\\\\"' + b"[" * 100, True),
        (b"[]" * 1000, False),
        (b"", False),
    ],
)
def test_depth_is_counted_outside_of_texts(body: bytes, deep: bool) -> None:
    assert too_deep(body) == deep


@pytest.mark.parametrize("part", [b'"\\"', b'["a",', b'"\\', b'"', b"\\", b"[", b"[]"])
def test_no_body_takes_long_to_look_through(part: bytes) -> None:
    body = b"[" * DEEPEST + part * ((8 << 20) // len(part)) + b"["
    began = time.process_time()
    too_deep(body)
    assert time.process_time() - began < 3.0


@pytest.mark.parametrize("opening", ["[", '{"name":'])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 990, 100_000])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/teams"), ("POST", "/hotspots"), ("PUT", "/plans/late")]
)
async def test_whoever_nests_too_deep_is_told_so(
    admin: httpx.AsyncClient, method: str, path: str, depth: int, opening: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await admin.request(method, path, content=opening * depth, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "the body is JSON nested deeper than 40 arrays and objects"
