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


@pytest.mark.parametrize("name", ["spool", "templates", "mqtt_ca", "mqtt_certificate", "mqtt_key"])
def test_a_path_is_not_looked_for_in_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pem").write_text(SECRET)
    monkeypatch.setenv(f"BEATKEEPER_{name.upper()}_FILE", str(tmp_path / "key.pem"))
    with pytest.raises(ValueError, match=f"there is no BEATKEEPER_{name.upper()}_FILE$"):
        Settings()


def test_what_is_wrong_with_settings_is_said_without_them() -> None:
    with pytest.raises(ValueError, match="port") as raised:
        Settings(mqtt_protocol=SECRET, port=SECRET)  # type: ignore[arg-type] # it is wrong
    assert SECRET not in str(raised.value)


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


def test_a_setting_that_is_given_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "database").write_text("one.db")
    monkeypatch.setenv("BEATKEEPER_DATABASE_FILE", str(tmp_path / "database"))
    monkeypatch.setenv("BEATKEEPER_DATABASE", "another.db")
    with pytest.raises(ValueError, match="BEATKEEPER_DATABASE and BEATKEEPER_DATABASE_FILE"):
        Settings()


def test_people_come_by_https_or_from_this_machine() -> None:
    assert Settings(public_url="http://localhost:8000").public_url is not None
    with pytest.raises(ValueError, match="public_url is no https:// address"):
        Settings(public_url="http://beat.example")
