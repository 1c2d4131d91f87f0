"""The first schema."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from app.storage.types import Id, Instant, Shape

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_GEOM = """
ALTER TABLE fixes ADD COLUMN geom geometry(Point, 4326)
GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED
"""
_PROFILES = sa.table(
    "profiles",
    sa.column("name"),
    sa.column("interval_s"),
    sa.column("reports_when_still"),
    sa.column("assumed_accuracy_m"),
    sa.column("known_from", Instant()),
)
# What to expect of a kind of device until the force knows better.
_KNOWN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_STARTERS = [
    {
        "name": name,
        "interval_s": interval_s,
        "reports_when_still": reports_when_still,
        "assumed_accuracy_m": assumed_accuracy_m,
        "known_from": _KNOWN,
    }
    for name, interval_s, reports_when_still, assumed_accuracy_m in (
        ("phone", 15.0, True, 0.0),
        ("handheld", 15.0, True, 0.0),
        ("radio", 60.0, True, 0.0),
        ("vehicle", 15.0, True, 0.0),
        ("gateway", 60.0, True, 0.0),
    )
]


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "devices",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="radio, phone, handheld, vehicle or gateway"
        ),
        sa.Column("profile", sa.Text(), nullable=False, comment="a profile's name"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("name", name=op.f("uq_devices_name")),
    )
    op.create_table(
        "fixes",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("received", Instant(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("speed_mps", sa.Double(), nullable=True),
        sa.Column("heading_deg", sa.Double(), nullable=True),
        sa.Column("altitude_m", sa.Double(), nullable=True),
        sa.Column("battery_pct", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "time", name=op.f("pk_fixes")),
        postgresql_partition_by="RANGE (time)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hotspots",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the feature's properties.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotspots")),
        sa.UniqueConstraint("key", name=op.f("uq_hotspots_key")),
    )
    op.create_table(
        "plans",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("day_start", sa.Text(), nullable=False, comment="local time, HH:MM"),
        sa.Column("minimum_minutes", sa.Double(), nullable=False),
        sa.Column("maximum_minutes", sa.Double(), nullable=False),
        sa.Column("coverage_target", sa.Double(), nullable=False, comment="0 to 1"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_key"), "plans", ["key"], unique=False)
    op.create_index(
        "uq_plans_current",
        "plans",
        ["key"],
        unique=True,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_table(
        "profiles",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column(
            "max_gap_s", sa.Double(), nullable=True, comment="null: max(120 s, 2.5 intervals)"
        ),
        sa.Column("reports_when_still", sa.Boolean(), nullable=False),
        sa.Column("assumed_accuracy_m", sa.Double(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
    )
    op.create_index(
        "uq_profiles_current",
        "profiles",
        ["name"],
        unique=True,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", Id, nullable=False),
        sa.Column("received", Instant(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "teams",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("name", name=op.f("uq_teams_name")),
    )
    op.create_table(
        "device_addresses",
        sa.Column("id", Id, nullable=False),
        sa.Column("device_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="owntracks (user/device), issi, ..."),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_addresses_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_addresses")),
        sa.UniqueConstraint("kind", "address", name=op.f("uq_device_addresses_kind_address")),
    )
    op.create_index(
        op.f("ix_device_addresses_device_id"), "device_addresses", ["device_id"], unique=False
    )
    op.create_table(
        "device_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("device_id", Id, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("revoked", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_keys_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_device_keys_secret_hash")),
    )
    op.create_index(op.f("ix_device_keys_device_id"), "device_keys", ["device_id"], unique=False)
    op.create_table(
        "device_states",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column(
            "tail",
            sa.LargeBinary(),
            nullable=True,
            comment="first, last and last two usable fixes; null before any",
        ),
        sa.Column(
            "near",
            sa.LargeBinary(),
            nullable=True,
            comment="what is remembered near hot spots; null far from all",
        ),
        sa.Column("heard", Instant(), nullable=True, comment="when its last fixes came"),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_states_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_states")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "gateway_devices",
        sa.Column("gateway_id", Id, nullable=False),
        sa.Column("device_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_gateway_devices_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["devices.id"], name=op.f("fk_gateway_devices_gateway_id_devices")
        ),
        sa.PrimaryKeyConstraint("gateway_id", "device_id", name=op.f("pk_gateway_devices")),
    )
    op.create_table(
        "hotspot_versions",
        sa.Column("id", Id, nullable=False),
        sa.Column("hotspot_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("geom", Shape(), nullable=False),
        sa.Column("buffer_m", sa.Double(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False, comment="start of an operational day"),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hotspot_id"], ["hotspots.id"], name=op.f("fk_hotspot_versions_hotspot_id_hotspots")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotspot_versions")),
    )
    op.create_index(
        op.f("ix_hotspot_versions_hotspot_id"), "hotspot_versions", ["hotspot_id"], unique=False
    )
    op.create_table(
        "officers",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="collar number or the like"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team_id", Id, nullable=True),
        sa.Column("organisation", sa.Text(), server_default=sa.text("'police'"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_officers_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officers")),
        sa.UniqueConstraint("number", name=op.f("uq_officers_number")),
    )
    op.create_index(op.f("ix_officers_team_id"), "officers", ["team_id"], unique=False)
    op.create_table(
        "plan_hotspots",
        sa.Column("plan_id", Id, nullable=False),
        sa.Column("hotspot_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["hotspot_id"], ["hotspots.id"], name=op.f("fk_plan_hotspots_hotspot_id_hotspots")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_plan_hotspots_plan_id_plans")
        ),
        sa.PrimaryKeyConstraint("plan_id", "hotspot_id", name=op.f("pk_plan_hotspots")),
    )
    op.create_table(
        "plan_windows",
        sa.Column("id", Id, nullable=False),
        sa.Column("plan_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "weekdays", sa.SmallInteger(), nullable=False, comment="bit 0 Monday ... bit 6 Sunday"
        ),
        sa.Column("start", sa.Text(), nullable=False, comment="local time, HH:MM"),
        sa.Column(
            "end", sa.Text(), nullable=False, comment="local time; not after start: the next day"
        ),
        sa.Column("patrols", sa.Integer(), nullable=False, comment="required of each hot spot"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_plan_windows_plan_id_plans")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_windows")),
    )
    op.create_index(op.f("ix_plan_windows_plan_id"), "plan_windows", ["plan_id"], unique=False)
    op.create_table(
        "abstractions",
        sa.Column("id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("end", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_abstractions_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abstractions")),
    )
    op.create_index(
        op.f("ix_abstractions_officer_id"), "abstractions", ["officer_id"], unique=False
    )
    op.create_table(
        "assignments",
        sa.Column("id", Id, nullable=False),
        sa.Column("device_id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("end", Instant(), nullable=True, comment="null: until further notice"),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_assignments_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_assignments_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_device_id"), "assignments", ["device_id"], unique=False)
    op.create_index(op.f("ix_assignments_officer_id"), "assignments", ["officer_id"], unique=False)
    op.create_table(
        "duty_times",
        sa.Column("id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("end", Instant(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_duty_times_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_times")),
    )
    op.create_index(op.f("ix_duty_times_officer_id"), "duty_times", ["officer_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("officer_id", Id, nullable=True, comment="whose own data an officer sees"),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("expires", Instant(), nullable=True),
        sa.Column("revoked", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_tokens_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_tokens_secret_hash")),
    )
    op.create_table(
        "visits",
        sa.Column("id", Id, nullable=False),
        sa.Column("device_id", Id, nullable=False),
        sa.Column("hotspot_id", Id, nullable=False),
        sa.Column("version_id", Id, nullable=False),
        sa.Column("first_us", Id, nullable=False, comment="start of the first presence"),
        sa.Column("enter", Instant(), nullable=False),
        sa.Column("exit", Instant(), nullable=False),
        sa.Column("outer_from", Instant(), nullable=False),
        sa.Column("outer_to", Instant(), nullable=False),
        sa.Column("enter_seen", sa.Boolean(), nullable=False),
        sa.Column("exit_seen", sa.Boolean(), nullable=False),
        sa.Column("inside_us", Id, nullable=False),
        sa.Column("bridged_us", Id, nullable=False),
        sa.Column("low_us", Id, nullable=False),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("mean_speed_mps", sa.Double(), nullable=False),
        sa.Column("pass_through", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("spans", sa.LargeBinary(), nullable=False),
        sa.Column(
            "method", sa.SmallInteger(), nullable=False, comment="version of the dwell method"
        ),
        sa.Column("opened", Instant(), nullable=False, comment="when it was first stored"),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.CheckConstraint("exit >= enter", name=op.f("ck_visits_exit_after_enter")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_visits_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["hotspot_id"], ["hotspots.id"], name=op.f("fk_visits_hotspot_id_hotspots")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["hotspot_versions.id"],
            name=op.f("fk_visits_version_id_hotspot_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_enter", "visits", ["enter"], unique=False)
    op.create_index(
        "ix_visits_version", "visits", ["device_id", "first_us", "hotspot_id"], unique=False
    )
    op.create_index("ix_visits_hotspot_enter", "visits", ["hotspot_id", "enter"], unique=False)
    op.create_index(
        "uq_visits_current",
        "visits",
        ["device_id", "first_us", "hotspot_id"],
        unique=True,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_table(
        "token_teams",
        sa.Column("token_id", Id, nullable=False),
        sa.Column("team_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_token_teams_team_id_teams")
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["tokens.id"], name=op.f("fk_token_teams_token_id_tokens")
        ),
        sa.PrimaryKeyConstraint("token_id", "team_id", name=op.f("pk_token_teams")),
    )
    if postgresql:
        op.execute("CREATE TABLE fixes_default PARTITION OF fixes DEFAULT")
        op.execute(_GEOM)
    op.bulk_insert(_PROFILES, _STARTERS)


def downgrade() -> None:
    op.drop_table("token_teams")
    op.drop_index(
        "uq_visits_current",
        table_name="visits",
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.drop_index("ix_visits_hotspot_enter", table_name="visits")
    op.drop_index("ix_visits_version", table_name="visits")
    op.drop_index("ix_visits_enter", table_name="visits")
    op.drop_table("visits")
    op.drop_table("tokens")
    op.drop_index(op.f("ix_duty_times_officer_id"), table_name="duty_times")
    op.drop_table("duty_times")
    op.drop_index(op.f("ix_assignments_officer_id"), table_name="assignments")
    op.drop_index(op.f("ix_assignments_device_id"), table_name="assignments")
    op.drop_table("assignments")
    op.drop_index(op.f("ix_abstractions_officer_id"), table_name="abstractions")
    op.drop_table("abstractions")
    op.drop_index(op.f("ix_plan_windows_plan_id"), table_name="plan_windows")
    op.drop_table("plan_windows")
    op.drop_table("plan_hotspots")
    op.drop_index(op.f("ix_officers_team_id"), table_name="officers")
    op.drop_table("officers")
    op.drop_index(op.f("ix_hotspot_versions_hotspot_id"), table_name="hotspot_versions")
    op.drop_table("hotspot_versions")
    op.drop_table("gateway_devices")
    op.drop_table("device_states")
    op.drop_index(op.f("ix_device_keys_device_id"), table_name="device_keys")
    op.drop_table("device_keys")
    op.drop_index(op.f("ix_device_addresses_device_id"), table_name="device_addresses")
    op.drop_table("device_addresses")
    op.drop_table("teams")
    op.drop_table("quarantine")
    op.drop_index(
        "uq_profiles_current",
        table_name="profiles",
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.drop_table("profiles")
    op.drop_index(
        "uq_plans_current",
        table_name="plans",
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.drop_index(op.f("ix_plans_key"), table_name="plans")
    op.drop_table("plans")
    op.drop_table("hotspots")
    op.drop_table("fixes")
    op.drop_table("devices")
