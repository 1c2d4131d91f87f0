"""What docs/events.md gives to copy does what it says."""

import base64
import hmac
import re
import time
from pathlib import Path

import pytest
from hearing import Device, connected, letting

from app.access.secrets import new_signing_secret
from app.webhooks import signed
from ingest.errors import PublishRefused

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


async def test_the_access_list_lets_a_device_hear_what_is_its_own(tmp_path: Path) -> None:
    with letting(tmp_path, block("conf", "pattern read")) as broker:
        own = Device(broker.port, "radio", username="radio")
        others = Device(broker.port, "radio", username="phone")
        async with connected(broker.port, username="beatkeeper") as service:
            await service.publish(own.topic, b"1", expires_s=60)
            await service.publish(own.topic, b"2", expires_s=60)
            assert await own.has_heard(2) == [1, 2]
        async with connected(broker.port, username="phone") as stranger:
            with pytest.raises(PublishRefused):
                await stranger.publish(own.topic, b"3", expires_s=60)
        assert others.heard == []
        own.stop()
        others.stop()
