"""Settings from files, and secrets that nothing shows."""

from pathlib import Path

import pytest

from app.cli.serve import read_settings
from app.settings import Settings, from_file

SECRET = "sesame-open-sesame-open-sesame-open"
SECRETS = {
    "database": f"postgresql://beat:{SECRET}@db.invalid/beat",
    "mqtt": f"mqtts://beat:{SECRET}@broker.invalid",
    "admin_token": SECRET,
    "oidc_client_secret": SECRET,
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_setting_may_be_in_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRETS[name] + "\n")
    monkeypatch.setenv(f"BEATKEEPER_{name.upper()}_FILE", str(file))
    found = getattr(Settings(), name)
    assert SECRETS[name] in {found, getattr(found, "get_secret_value", lambda: None)()}
    assert SECRET not in repr(Settings())
    assert SECRET not in str(Settings())


def test_the_environment_comes_before_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("from-file.db")
    monkeypatch.setenv("BEATKEEPER_DATABASE_FILE", str(tmp_path / "x"))
    monkeypatch.setenv("BEATKEEPER_DATABASE", "from-environment.db")
    assert Settings().database == "from-environment.db"
    assert Settings(database="given.db").database == "given.db"


def test_a_file_that_cannot_be_read_is_named_by_its_setting(tmp_path: Path) -> None:
    environ = {"BEATKEEPER_MQTT_FILE": str(tmp_path / "nowhere")}
    with pytest.raises(ValueError, match="BEATKEEPER_MQTT_FILE names a file that cannot be read"):
        from_file("mqtt", environ)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe" + SECRET.encode())
    environ = {"BEATKEEPER_MQTT_FILE": str(tmp_path / "bytes")}
    with pytest.raises(ValueError, match="it is not text") as raised:
        from_file("mqtt", environ)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


def test_no_secret_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However wrong the other settings are."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"BEATKEEPER_{name.upper()}", value)
    for name, wrong in (
        ("port", "many"),
        ("mqtt", f"http://x:{SECRET}@broker"),
        ("admin_token", SECRET[:20]),
        ("database", f"postgresql://x:{SECRET}@:y:z/"),
        ("trusted_proxies", "10.0.0.1/8"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(f"BEATKEEPER_{name.upper()}", wrong)
            try:
                settings = read_settings()
            except BaseException as exc:  # noqa: BLE001 -- typer's way out
                said = repr(exc)
            else:
                said = repr(settings)
            said += "".join(capsys.readouterr())
        assert SECRET[:20] not in said, name
