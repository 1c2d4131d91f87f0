"""Every setting of the service, from the environment (`BEATKEEPER_...`) or the command line."""

from pathlib import Path
from typing import Literal

from pydantic import DirectoryPath, Field, FilePath, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# It is stored as a plain digest, which is right only for what nobody can guess.
SHORTEST_TOKEN = 32


class Settings(BaseSettings):
    """What may be set, with its unit and what it is if nobody says."""

    model_config = SettingsConfigDict(env_prefix="BEATKEEPER_", extra="ignore", frozen=True)

    database: str = Field(
        "beatkeeper.db", description="a SQLite file, or postgresql://USER@HOST/NAME"
    )
    pool_size: int = Field(8, ge=2, description="connections to the database")
    admin_token: SecretStr | None = Field(
        None,
        description="the first administrator's token, random, at least 32 characters; made up and "
        "printed once if not given",
    )

    host: str = Field("127.0.0.1", description="where the service listens")
    port: int = Field(8000, ge=0, le=65535)
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

    mqtt: str | None = Field(None, description="mqtt://[USER:PASSWORD@]HOST[:PORT] or mqtts://...")
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

    max_ahead_s: float = Field(300.0, ge=0, description="how far a device's clock may run ahead")
    raw_retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="older fixes are refused when they come; nothing is deleted yet",
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

    quarantine_rows: int = Field(10_000, ge=0, description="most broken messages that are kept")
    quarantine_days: int = Field(30, ge=1, le=36_500, description="and for how long")

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
