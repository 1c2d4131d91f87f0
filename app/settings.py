"""Every setting of the service, from the environment (`BEATKEEPER_...`) or the command line.

`BEATKEEPER_..._FILE` names a file that holds the setting, unless that is a path itself: for
secrets, which container platforms and systemd hand over like that.
"""

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    DirectoryPath,
    Field,
    FilePath,
    HttpUrl,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

# It is stored as a plain digest, which is right only for what nobody can guess.
SHORTEST_TOKEN = 32
PREFIX = "BEATKEEPER_"


def _listed(given: object) -> object:
    return (
        [one.strip() for one in given.split(",") if one.strip()]
        if isinstance(given, str)
        else given
    )


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)]
"""Addresses or networks, with commas between them."""


def _is_private(address: str) -> bool:
    """Whether nobody can listen on the way there."""
    parts = urlsplit(address)
    loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and parts.scheme in ({"https", "http"} if loopback else {"https"})


class Settings(BaseSettings):
    """What may be set, with its unit and what it is if nobody says."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database: str = Field(
        "beatkeeper.db",
        repr=False,  # there may be a password in it
        description="a SQLite file, or postgresql://USER@HOST/NAME",
    )
    pool_size: int = Field(8, ge=2, description="connections to the database")
    admin_token: SecretStr | None = Field(
        None,
        description="the first administrator's token, random, at least 32 characters; made up and "
        "printed once if not given",
    )

    host: str = Field("127.0.0.1", description="where the service listens")
    port: int = Field(8000, ge=0, le=65535)
    public_url: HttpUrl | None = Field(
        None, description="https://NAME by which people reach the service; no other host is served"
    )
    oidc_issuer: str | None = Field(
        None,
        description="people sign in by this OpenID provider: its issuer, to the letter; needs "
        "public_url",
    )
    oidc_client_id: str | None = Field(None, description="as what it knows this service")
    oidc_client_secret: SecretStr | None = Field(
        None, description="the client's secret; unset: a public client, by PKCE alone"
    )
    oidc_role_claim: str = Field(
        "roles", min_length=1, description="claim of roles; of a nested one the path, with dots"
    )
    oidc_team_claim: str | None = Field(
        None, description="claim of a supervisor's teams; unset: an administrator sets them"
    )
    oidc_officer_claim: str | None = Field(
        None, description="claim of an officer's own number; unset: an administrator sets it"
    )
    session_hours: float = Field(12.0, gt=0, le=24 * 7, description="longest session of a browser")
    session_idle_minutes: float = Field(
        60.0, ge=2, description="a session that asks for nothing for so long is over"
    )
    token_days: int = Field(365, ge=1, description="longest life of an API token")

    max_body_bytes: int = Field(4 << 20, ge=1024, description="largest body of a device's post")
    max_upload_bytes: int = Field(
        64 << 20, ge=1024, description="largest upload of track files, as it is sent"
    )
    max_unpacked_bytes: int = Field(
        1 << 30, ge=1024, description="largest track file of an upload once it is unpacked"
    )
    body_timeout_s: float = Field(
        30.0, gt=0, description="time a request's head, and its body, may take to arrive"
    )

    device_posts_per_s: float = Field(
        20.0,
        gt=0,
        description="messages a second of one device, over HTTP or MQTT, in the long run; a "
        "gateway has as many for each device it speaks for",
    )
    device_posts_at_once: int = Field(
        20_000, ge=1, description="and before that: an afternoon, sent one by one after a dead spot"
    )
    device_messages_at_once: int = Field(
        7 * 86_400,
        ge=1,
        description="the same over MQTT: a week of one a second, which the broker kept while the "
        "service was away",
    )
    guesses_per_minute: int = Field(
        60, ge=1, description="wrong credentials of one address; then they are answered 429"
    )
    connections: int = Field(10_000, ge=1, description="open at once, of all")
    connections_by_address: int = Field(
        2_000,
        ge=1,
        description="and of one address, which may be a whole force's; of a trusted "
        "proxy as many as of all",
    )
    event_streams: int = Field(8, ge=1, description="that one token or session may follow at once")
    trusted_proxies: Networks = Field(
        (),
        description="addresses or networks, with commas between, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed; of all others they are ignored",
    )
    webhook_networks: Networks = Field(
        (), description="networks of the force's own to which webhooks may go, also by http://"
    )

    webhook_people: bool = Field(
        default=False,
        description="whether webhooks may be made that name devices and officers: administrators, "
        "who see no positions, make them",
    )

    mqtt: str | None = Field(
        None, repr=False, description="mqtt://[USER:PASSWORD@]HOST[:PORT] or mqtts://..."
    )
    mqtt_protocol: Literal["5", "3.1.1"] = "5"
    mqtt_client_id: str = Field("beatkeeper", description="one consumer process for each")
    mqtt_owntracks: str = Field(
        "owntracks",
        pattern=r"^[^/+#\x00]+(/[^/+#\x00]+)*$",
        description="what the topics of OwnTracks' apps begin with, before `/{user}/{device}`",
    )
    mqtt_ca: FilePath | None = Field(
        None, description="certificate authority of an mqtts:// broker"
    )
    mqtt_certificate: FilePath | None = Field(
        None, description="our own certificate, for an mqtts:// broker that asks for one"
    )
    mqtt_key: FilePath | None = Field(
        None, description="and its key; without it, it is in the same file"
    )

    audit_reason: Literal["optional", "required"] = Field(
        "optional", description="whether whoever looks at people's data has to say why"
    )

    max_ahead_s: float = Field(300.0, ge=0, description="how far a device's clock may run ahead")
    raw_retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="fixes older than that go, and are refused when they come; unset: none goes",
    )
    visits_retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="visits, and the hours in which devices were observed; not shorter than fixes",
    )
    events_retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="what people were told, and what devices and officers said",
    )
    audit_retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="the audit log, refusals, and tokens and sessions that have ended",
    )
    keep: Literal["all", "on_duty", "near", "on_duty,near"] = Field(
        "all",
        description="all; or only fixes of officers on_duty, or where those were that came near a "
        "hot spot; or on_duty,near",
    )
    neighbourhood_m: float = Field(
        2000.0, ge=1000.0, le=100_000.0, description="how near a hot spot that is"
    )
    batch_fixes: int = Field(5_000, ge=1, description="most fixes stored in one transaction")
    queue_fixes: int = Field(50_000, ge=1, description="fixes that may wait; then senders wait")

    spool: Path | None = Field(
        None,
        description="folder, of this database alone, for what comes over HTTP while it is away; "
        "beside a SQLite file, or else NAME@HOST-PORT.spool where the service runs",
    )
    spool_bytes: int = Field(1 << 30, ge=0, description="most that is kept there; 0: nothing")
    spool_after_s: float = Field(5.0, gt=0, description="how long storage may hang before that")

    templates: DirectoryPath | None = Field(
        None, description="folder of the force's own templates of monthly returns"
    )

    least_officers: int = Field(
        3,
        ge=2,
        description="a team's figures are shown to who does not know its officers where so many "
        "of them had a device, on each day on which any had",
    )

    quarantine_rows: int = Field(10_000, ge=0, description="most broken messages that are kept")
    quarantine_days: int = Field(30, ge=1, le=36_500, description="and for how long")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- pydantic gives them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line comes before the environment and the files that it names."""
        return init_settings, env_settings, _Files(settings_cls)

    @model_validator(mode="after")
    def _people_can_sign_in(self) -> Self:
        """Refuses a sign-in that could not work, or that others could listen to."""
        if self.public_url is not None and not _is_private(str(self.public_url)):
            msg = "public_url is no https:// address (http:// is for this machine alone)"
            raise ValueError(msg)
        if self.oidc_issuer is None:
            return self
        if not _is_private(self.oidc_issuer):
            msg = "oidc_issuer is no https:// address (http:// is for this machine alone)"
            raise ValueError(msg)
        if self.oidc_client_id is None:
            msg = "oidc_issuer is of use with oidc_client_id only"
            raise ValueError(msg)
        if self.public_url is None:
            msg = "oidc_issuer needs public_url, https://NAME by which people reach the service"
            raise ValueError(msg)
        if (self.public_url.path or "/") != "/" or self.public_url.query:
            msg = "public_url has a path; the service answers at the beginning of a host"
            raise ValueError(msg)
        return self

    @field_validator("visits_retention_days")
    @classmethod
    def _outlive_fixes(cls, days: int | None, given: ValidationInfo) -> int | None:
        """Refuses visits that would go before the fixes that they could be measured by again."""
        raw = given.data.get("raw_retention_days")
        if days is not None and (raw is None or days < raw):
            kept = "for good" if raw is None else f"{raw} days"
            msg = f"fixes are kept {kept} (BEATKEEPER_RAW_RETENTION_DAYS), visits not less long"
            raise ValueError(msg)
        return days

    @field_validator("admin_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        """Refuses one that could be guessed; an empty one is none."""
        if token is None or not token.get_secret_value():
            return None
        if len(token.get_secret_value()) < SHORTEST_TOKEN:
            msg = f"it is shorter than {SHORTEST_TOKEN} characters; take random ones"
            raise ValueError(msg)
        return token


def _is_path(field: FieldInfo) -> bool:
    return any(kind is Path or Path in get_args(kind) for kind in get_args(field.annotation))


class _Files(PydanticBaseSettingsSource):
    """Settings from the files that the environment names."""

    def get_field_value(
        self,
        field: FieldInfo,
        field_name: str,
    ) -> tuple[str | None, str, bool]:
        named = f"{PREFIX}{field_name.upper()}"
        if os.environ.get(named) and os.environ.get(f"{named}_FILE"):  # noqa: TID251 -- likewise
            msg = f"{named} and {named}_FILE are both given: which one is meant?"
            raise ValueError(msg)
        if _is_path(field) and os.environ.get(f"{named}_FILE"):  # noqa: TID251 -- the one place
            msg = f"{named} is a path itself: there is no {named}_FILE"
            raise ValueError(msg)
        return from_file(field_name, os.environ), field_name, False  # noqa: TID251 -- likewise

    def __call__(self) -> dict[str, object]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def from_file(name: str, environ: Mapping[str, str]) -> str | None:
    """A setting from the file that `BEATKEEPER_..._FILE` names; None where it names none.

    Raises ValueError where it cannot be read, without a word of what is in it.
    """
    variable = f"{PREFIX}{name.upper()}_FILE"
    if not (path := environ.get(variable)):
        return None
    try:
        return Path(path).read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        msg = f"{variable} names a file that cannot be read: {reason}"
        raise ValueError(msg) from None


def database_from_file() -> str | None:
    """The database that `BEATKEEPER_DATABASE_FILE` names, for commands. Raises ValueError."""
    return from_file("database", os.environ)  # noqa: TID251 -- the one place
