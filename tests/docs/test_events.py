"""What docs/events.md gives to copy does what it says."""

import base64
import hmac
import re
import time
from pathlib import Path

import pytest

from app.access.secrets import new_signing_secret
from app.webhooks import signed

TEXT = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


def block(kind: str, holding: str) -> str:
    """The block of that kind that holds some words."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    [found] = [one for one in blocks if holding in one]
    return str(found)


def test_the_recipe_knows_what_was_signed() -> None:
    recipe = compile(block("python", "hmac"), "docs/events.md", "exec")
    secret, body, now_s = new_signing_secret(), b'{"type":"entered"}', int(time.time())
    names = {"base64": base64, "hmac": hmac, "time": time, "secret": secret}

    def check(time_s: int, came: bytes) -> None:
        headers = signed(secret, "4711", time_s, body)
        exec(recipe, names | {"headers": headers, "body": came})  # noqa: S102 -- it is ours

    check(now_s, body)
    for time_s, came in ((now_s, body + b" "), (now_s - 301, body)):
        with pytest.raises(AssertionError):
            check(time_s, came)
