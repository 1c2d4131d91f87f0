"""The whole service in this process, as it is put together, with somebody of each role."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from requests import Response
from schemathesis.python.asgi import ASGIClient, get_client, shutdown_lifespans

from app.access.viewer import Role
from app.cli.serve import prepare
from app.main import create_app
from app.settings import Settings

ADMIN = "bkt_of-the-first-administrator-of-all"
OFFICER = {"number": "1234", "name": "Ann Example", "team": "north"}
PLACE = {
    "type": "Feature",
    "properties": {"id": "market", "name": "Market"},
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[-0.12, 51.5], [-0.119, 51.5], [-0.119, 51.501], [-0.12, 51.501], [-0.12, 51.5]]
        ],
    },
}


@dataclass
class Attacked:
    """The service, a client, and by role the header that shows a token."""

    app: FastAPI
    client: ASGIClient
    shown: dict[str, dict[str, str]]

    def ask(
        self, method: str, path: str, given: object = None, role: str = "administrator"
    ) -> Response:
        """What one of a role is answered."""
        url = f"http://testserver/api/v1{path}"
        return self.client.request(method, url, headers=self.shown[role], json=given)


@contextmanager
def attacked(folder: Path, **settings: object) -> Iterator[Attacked]:
    """The service on a SQLite file, which lets everybody guess as often as they like."""
    given = {"database": str(folder / "x.db"), "admin_token": ADMIN, "guesses_per_minute": 10**6}
    given["max_unpacked_bytes"] = 64 << 20
    chosen = Settings.model_validate(given | settings)
    asyncio.run(prepare(chosen))
    app = create_app(chosen)
    with get_client(app) as client:
        service = Attacked(app, client, {"administrator": _bearer(ADMIN)})
        try:
            _furnish(service)
            yield service
        finally:
            shutdown_lifespans()


def _furnish(service: Attacked) -> None:
    """Something of most kinds, so that not all that is asked for is not there."""
    _made(service.ask("POST", "/teams", {"name": "north"}))
    _made(service.ask("POST", "/officers", OFFICER))
    device = _made(service.ask("POST", "/devices", {"name": "radio-1", "kind": "radio"}))
    service.shown["device"] = _bearer(device["key"])
    for role in Role:
        more = {"officer": "1234"} if role is Role.OFFICER else {}
        more |= {"teams": ["north"]} if role is Role.SUPERVISOR else {}
        given = {"name": role.value, "role": role.value, **more}
        service.shown[role.value] = _bearer(_made(service.ask("POST", "/tokens", given))["token"])
    _made(service.ask("POST", "/hotspots", PLACE))


def _made(answer: Response) -> dict[str, Any]:
    assert answer.status_code in {200, 201}, (answer.url, answer.text)
    return dict(answer.json())


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
