"""What the guide to signing in names is there."""

import re
from pathlib import Path

from app.access.claims import LEAST_FIRST
from app.access.rules import RULES
from app.access.sessions import SESSION_COOKIE
from app.settings import PREFIX, Settings

GUIDE = (Path(__file__).parents[2] / "docs" / "sign-in.md").read_text("utf-8")


def test_its_settings_are_those_of_the_service() -> None:
    named = {name.removesuffix("_FILE") for name in re.findall(rf"{PREFIX}(\w+)", GUIDE)}
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    ours = {name for name in Settings.model_fields if name.startswith(("oidc_", "session_"))}
    assert {name.upper() for name in ours} <= named


def test_its_routes_cookie_and_order_of_roles_are_those_of_the_service() -> None:
    rules = {re.sub(r"\{\w+\}", "{}", rule) for rule in RULES}
    for method, path in re.findall(r"`(GET|PUT|POST|DELETE) \$api(/[\w/{}-]+)`", GUIDE):
        assert re.sub(r"\{\w+\}", "{}", f"{method} {path}") in rules
    assert f"`{SESSION_COOKIE}`" in GUIDE
    assert ", ".join(LEAST_FIRST) in " ".join(GUIDE.split())
