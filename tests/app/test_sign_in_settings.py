"""Settings by which nobody could sign in safely are refused, with what to do."""

import pytest
from pydantic import ValidationError

from app.settings import Settings

GOOD = {
    "oidc_issuer": "https://login.example",
    "oidc_client_id": "beatkeeper",
    "public_url": "https://beatkeeper.example",
}


def test_good_ones_and_those_of_this_machine_are_taken() -> None:
    Settings(**GOOD)  # type: ignore[arg-type]  # pydantic reads them
    local = {"public_url": "http://localhost:8000", "oidc_issuer": "http://127.0.0.1:9"}
    Settings(**GOOD | local)  # type: ignore[arg-type]  # likewise


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"public_url": None}, "needs public_url"),
        ({"public_url": "http://beatkeeper.example"}, "https://"),
        ({"public_url": "https://force.example/beatkeeper"}, "path"),
        ({"oidc_client_id": None}, "oidc_client_id"),
        ({"oidc_issuer": "http://login.example"}, "https://"),
        ({"oidc_issuer": "login.example"}, "https://"),
    ],
)
def test_others_are_refused(wrong: dict[str, str | None], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**GOOD | wrong)  # type: ignore[arg-type]  # pydantic reads them
