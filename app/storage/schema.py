"""The tables, the same on SQLite and PostGIS.

Rows with `known_from` and `known_to` are never changed but by setting `known_to`: what was believed
at any earlier moment can be read again.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.storage.types import Id, Instant, Shape

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _known() -> tuple[Column[object], Column[object]]:
    """When a row was the truth: from, and to (null: still)."""
    return Column("known_from", Instant, nullable=False), Column("known_to", Instant)


teams = Table(
    "teams",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

officers = Table(
    "officers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True, comment="collar number or the like"),
    Column("name", Text, nullable=False),
    Column("team_id", Id, ForeignKey("teams.id"), index=True),
    Column("organisation", Text, nullable=False, server_default=text("'police'")),
)

# What officers were of, as it was known: figures as at a moment go by it. Who may see whom goes by
# what officers are of now.
officer_posts = Table(
    "officer_posts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("officer_id", Id, ForeignKey("officers.id"), nullable=False, index=True),
    Column("team_id", Id, ForeignKey("teams.id")),
    Column("organisation", Text, nullable=False),
    *_known(),
    Index(
        "uq_officer_posts_current",
        "officer_id",
        unique=True,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
)

profiles = Table(
    "profiles",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("interval_s", Double, nullable=False),
    Column("max_gap_s", Double, comment="null: max(120 s, 2.5 intervals)"),
    Column("reports_when_still", Boolean, nullable=False),
    Column("assumed_accuracy_m", Double, nullable=False),
    *_known(),
    Index(
        "uq_profiles_current",
        "name",
        unique=True,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False, comment="radio, phone, handheld, vehicle or gateway"),
    Column("profile", Text, nullable=False, comment="a profile's name"),
    Column("owntracks_secret", Text, comment="opens its encrypted payloads; null: none"),
    Column("speed_unit", Text, comment="of a bare `speed` among parameters; null: the format's"),
    Column("locked", Instant, comment="since when nothing is taken from it; null: it is welcome"),
)

device_addresses = Table(
    "device_addresses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False, comment="owntracks (user/device), issi, ..."),
    Column("address", Text, nullable=False),
    UniqueConstraint("kind", "address"),
)

device_keys = Table(
    "device_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id"), nullable=False, index=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("created", Instant, nullable=False),
    Column("revoked", Instant),
    Column("mqtt_hash", Text, comment="for mosquitto's password file; null: an older key"),
)

gateway_devices = Table(
    "gateway_devices",
    metadata,
    Column("gateway_id", Id, ForeignKey("devices.id"), primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id"), primary_key=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("officer_id", Id, ForeignKey("officers.id"), comment="whose own data an officer sees"),
    Column("scopes", Text, comment="the rights it is for, a JSON list; null: all of its role"),
    Column("created", Instant, nullable=False),
    Column("expires", Instant),
    Column("revoked", Instant),
)

token_teams = Table(
    "token_teams",
    metadata,
    Column("token_id", Id, ForeignKey("tokens.id"), primary_key=True),
    Column("team_id", Id, ForeignKey("teams.id"), primary_key=True),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id"), nullable=False, index=True),
    Column("officer_id", Id, ForeignKey("officers.id"), nullable=False, index=True),
    Column("start", Instant, nullable=False),
    Column("end", Instant, comment="null: until further notice"),
    *_known(),
)

hotspots = Table(
    "hotspots",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True, comment="the feature's properties.id"),
)

hotspot_versions = Table(
    "hotspot_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hotspot_id", Id, ForeignKey("hotspots.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("geom", Shape, nullable=False),
    Column("buffer_m", Double, nullable=False),
    Column("valid_from", Instant, nullable=False, comment="start of an operational day"),
    Column("valid_to", Instant),
    *_known(),
)

plans = Table(
    "plans",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("day_start", Text, nullable=False, comment="local time, HH:MM"),
    Column("minimum_minutes", Double, nullable=False),
    Column("maximum_minutes", Double, nullable=False),
    Column("coverage_target", Double, nullable=False, comment="0 to 1"),
    Column("least_observability", Double, nullable=False, comment="0 to 1; less: not measurable"),
    Column("overdue_minutes", Double, nullable=False, comment="without a visit, where one is owed"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),
    Column("trial", Text, comment="drawn, or listed in plan_days; null: no trial"),
    Column("trial_seed", Id, comment="of a drawn trial"),
    Column(
        "trial_treated", Integer, comment="of a drawn trial: hot spots under treatment each day"
    ),
    *_known(),
    Index(
        "uq_plans_current",
        "key",
        unique=True,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
)

plan_windows = Table(
    "plan_windows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plan_id", Id, ForeignKey("plans.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("weekdays", SmallInteger, nullable=False, comment="bit 0 Monday ... bit 6 Sunday"),
    Column("start", Text, nullable=False, comment="local time, HH:MM"),
    Column("end", Text, nullable=False, comment="local time; not after start: the next day"),
    Column("patrols", Integer, nullable=False, comment="required of each hot spot"),
    Column("by_weight", Boolean, nullable=False, comment="patrols are of all: shared by weight"),
)

plan_hotspots = Table(
    "plan_hotspots",
    metadata,
    Column("plan_id", Id, ForeignKey("plans.id"), primary_key=True),
    Column("hotspot_id", Id, ForeignKey("hotspots.id"), primary_key=True),
    Column("weight", Double, nullable=False, comment="its crime or harm, for windows by_weight"),
)

plan_teams = Table(
    "plan_teams",
    metadata,
    # Whose duty times and abstractions count; none: everybody's.
    Column("plan_id", Id, ForeignKey("plans.id"), primary_key=True),
    Column("team_id", Id, ForeignKey("teams.id"), primary_key=True),
)

plan_days = Table(
    "plan_days",
    metadata,
    # Of a listed trial. What is not listed is neither under treatment nor control.
    Column("plan_id", Id, ForeignKey("plans.id"), primary_key=True),
    Column("hotspot_id", Id, ForeignKey("hotspots.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("treatment", Boolean, nullable=False, comment="else a control day"),
)

briefings = Table(
    "briefings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hotspot_id", Id, ForeignKey("hotspots.id"), nullable=False),
    Column("task", Text, nullable=False, comment="what officers do there, in a line"),
    Column("note", Text, nullable=False, comment="why, and what to know; may be empty"),
    *_known(),
    Index(
        "uq_briefings_current",
        "hotspot_id",
        unique=True,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
)

briefing_reads = Table(
    "briefing_reads",
    metadata,
    Column("briefing_id", Id, ForeignKey("briefings.id"), primary_key=True),
    Column("officer_id", Id, ForeignKey("officers.id"), primary_key=True),
    Column("read", Instant, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    # What an officer says of a cell: beside its figure, never in it.
    Column("id", Id, primary_key=True),
    Column("plan", Text, nullable=False, comment="its key"),
    Column("hotspot_id", Id, ForeignKey("hotspots.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("window", Text, nullable=False, comment="its name"),
    Column("officer_id", Id, ForeignKey("officers.id"), nullable=False),
    Column("answer", Text, nullable=False, comment="could_not_attend"),
    Column("reason", Text, nullable=False),
    *_known(),
    Index("ix_answers_cell", "plan", "day", "window", "hotspot_id"),
)

duty_times = Table(
    "duty_times",
    metadata,
    Column("id", Id, primary_key=True),
    Column("officer_id", Id, ForeignKey("officers.id"), nullable=False, index=True),
    Column("start", Instant, nullable=False, index=True),
    Column("end", Instant, nullable=False),
    *_known(),
    CheckConstraint('"end" > start', name="end_after_start"),
    Index(
        "uq_duty_times_current",
        "officer_id",
        "start",
        "end",
        unique=True,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
)

abstractions = Table(
    "abstractions",
    metadata,
    Column("id", Id, primary_key=True),
    # One officer, or a team, or, where neither is named, everybody.
    Column("officer_id", Id, ForeignKey("officers.id"), index=True),
    Column("team_id", Id, ForeignKey("teams.id"), index=True),
    Column("start", Instant, nullable=False, index=True),
    Column("end", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    *_known(),
    CheckConstraint('"end" > start', name="end_after_start"),
    # One each, as a null equals nothing.
    *(
        Index(
            f"uq_abstractions_{whose}",
            *whom,
            "start",
            "end",
            "reason",
            unique=True,
            sqlite_where=text(condition),
            postgresql_where=text(condition),
        )
        for whose, whom, condition in (
            ("officers", ["officer_id"], "known_to IS NULL"),
            ("teams", ["team_id"], "known_to IS NULL"),
            ("everybodys", [], "known_to IS NULL AND officer_id IS NULL AND team_id IS NULL"),
        )
    ),
)

fixes = Table(
    "fixes",
    metadata,
    # No foreign key: the locked row in device_states vouches for the device, once a batch.
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("time", Instant, primary_key=True),
    Column("received", Instant, nullable=False),
    # PostGIS has a generated column `geom` besides, for geographic information systems.
    Column("lon", Double, nullable=False),
    Column("lat", Double, nullable=False),
    Column("accuracy_m", Double),
    Column("speed_mps", Double),
    Column("heading_deg", Double),
    Column("altitude_m", Double),
    Column("battery_pct", Double),
    Column("source", Text, nullable=False),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (time)",
)

device_states = Table(
    "device_states",
    metadata,
    Column("device_id", Id, ForeignKey("devices.id"), primary_key=True, autoincrement=False),
    Column("tail", LargeBinary, comment="first, last and last two usable fixes; null before any"),
    Column("near", LargeBinary, comment="what is remembered near hot spots; null far from all"),
    Column("heard", Instant, comment="when its last fixes came"),
    Column("unsurveyed", Instant, comment="the earliest that came since surveying; null: none"),
    Column("surveying", Instant, comment="hours from here on are to be surveyed; null: none"),
    postgresql_with={"fillfactor": 50},
)

visits = Table(
    "visits",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", Id, ForeignKey("devices.id"), nullable=False),
    Column("hotspot_id", Id, ForeignKey("hotspots.id"), nullable=False),
    Column("version_id", Id, ForeignKey("hotspot_versions.id"), nullable=False),
    Column("first_us", Id, nullable=False, comment="start of the first presence"),
    Column("enter", Instant, nullable=False),
    Column("exit", Instant, nullable=False),
    Column("outer_from", Instant, nullable=False),
    Column("outer_to", Instant, nullable=False),
    Column("enter_seen", Boolean, nullable=False),
    Column("exit_seen", Boolean, nullable=False),
    Column("inside_us", Id, nullable=False),
    Column("bridged_us", Id, nullable=False),
    Column("low_us", Id, nullable=False),
    Column("fixes", Integer, nullable=False),
    Column("mean_speed_mps", Double, nullable=False),
    Column("pass_through", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("spans", LargeBinary, nullable=False),
    Column("method", SmallInteger, nullable=False, comment="version of the dwell method"),
    Column("opened", Instant, nullable=False, comment="when it was first stored"),
    *_known(),
    CheckConstraint("exit >= enter", name="exit_after_enter"),
    Index(
        "uq_visits_current",
        "device_id",
        "first_us",
        "hotspot_id",
        unique=True,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
    Index("ix_visits_version", "device_id", "hotspot_id", "first_us"),
    Index("ix_visits_hotspot_enter", "hotspot_id", "enter"),
    Index("ix_visits_enter", "enter"),
    # Few: so that visits which touch a time are found among those that began in the day before it.
    Index(
        "ix_visits_long",
        "enter",
        sqlite_where=text("exit - enter > 86400000000"),
        postgresql_where=text("exit - enter > interval '1 day'"),
    ),
    Index(
        "ix_visits_open",
        "device_id",
        sqlite_where=text("open = 1 AND known_to IS NULL"),
        postgresql_where=text("open AND known_to IS NULL"),
    ),
)

recomputes = Table(
    "recomputes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("start", Instant, nullable=False, comment="visits from this moment on may be untrue"),
    Column("until", Instant, comment="up to this moment; null: up to now"),
    Column("device_id", Id, ForeignKey("devices.id"), comment="null: of all devices"),
    Column("why", Text, nullable=False, comment="edited, or by hand"),
    Column("asked", Instant, nullable=False),
    Column("done", Instant, comment="null: not yet"),
    Column("last_device", Id, comment="this one and all with a smaller id are done; null: none"),
    Column("reached", Instant, comment="how far the one after it is done; null: not begun"),
    Column(
        "attempts",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="that failed since it last went on",
    ),
    Column("error", Text, comment="why the last of these failed"),
)

device_hours = Table(
    "device_hours",
    metadata,
    # How well a device was observed; outlives its fixes.
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("hour", Instant, primary_key=True, comment="its start, UTC"),
    Column("known_from", Instant, primary_key=True),
    Column("known_to", Instant),
    Column("fixes", Integer, nullable=False),
    Column("observed", Id, nullable=False, comment="bit n: minute n of the hour was observed"),
    Index("ix_device_hours_hour", "hour"),
)

nearby = Table(
    "nearby",
    metadata,
    # When a device was outside a hot spot, but close by; no longer than an hour each.
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("hotspot_id", Id, primary_key=True, autoincrement=False),
    Column("start", Instant, primary_key=True),
    Column("known_from", Instant, primary_key=True),
    Column("known_to", Instant),
    Column("end", Instant, nullable=False),
    Index("ix_nearby_start", "start"),
)

device_events = Table(
    "device_events",
    metadata,
    # No foreign key: whoever may send was found in `devices`, of which no row goes away.
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("time", Instant, primary_key=True),
    Column("kind", Text, primary_key=True, comment="emergency, power_on, ... or the sender's word"),
    Column("received", Instant, nullable=False),
    Column("detail", Text),
    Column("source", Text, nullable=False, comment="the wire format"),
)

events = Table(
    "events",
    metadata,
    # In the order of the commits: who has read up to one has missed none before it. Nor is one
    # given twice, even if all rows should go away.
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False, comment="emergency, entered, left, ..."),
    Column("time", Instant, nullable=False, comment="when it happened"),
    Column("stored", Instant, nullable=False),
    Column("live", Boolean, nullable=False, comment="people are told at once; else it was too old"),
    Column("device_id", Id, comment="whose; null: nobody's"),
    Column("hotspot_id", Id, comment="where; null: at none"),
    Column(
        "visit", Instant, comment="of entered and left: the visit's first moment, as first told"
    ),
    Column("detail", Text),
    Column("plan", Text, comment="the key of the plan it is about; null: none"),
    Column("data", Text, comment="figures that belong to it, a JSON object; null: none"),
    Column("officer_id", Id, comment="whom it is about by themself"),
    Index("ix_events_time", "time", "id"),
    Index("ix_events_live", "id", sqlite_where=text("live = 1"), postgresql_where=text("live")),
    sqlite_autoincrement=True,
)

whereabouts = Table(
    "whereabouts",
    metadata,
    # As people have been told: entered, and not left yet.
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("hotspot_id", Id, primary_key=True, autoincrement=False),
    Column("visit", Instant, nullable=False, comment="its first moment, as first told"),
    Column("live", Boolean, nullable=False, comment="people were told at once"),
)

raised = Table(
    "raised",
    metadata,
    # What has been told of a plan, so that it is told once.
    Column("plan", Text, primary_key=True, comment="its key"),
    Column("kind", Text, primary_key=True),
    Column("hotspot_id", Id, primary_key=True, autoincrement=False, comment="0: of all of them"),
    Column("window", Text, primary_key=True, comment="its name; empty: of a patrol"),
    Column("time", Instant, primary_key=True, comment="when the patrol or the wait began"),
)

turns = Table(
    "turns",
    metadata,
    # Work that one process does at a time: whose turn it is, and how far it has come.
    Column("work", Text, primary_key=True),
    Column("holder", Text),
    Column("until", Instant, comment="then it is anybody's turn"),
    Column("position", Id, comment="the id of the last event that is dealt with"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False, comment="signs what is sent there"),
    Column("kinds", Text, comment="of events, a JSON list; null: all"),
    Column("people", Boolean, nullable=False, comment="devices and officers are named"),
    Column("position", Id, nullable=False, comment="the id of the last event that is dealt with"),
    Column("created", Instant, nullable=False),
    Column("revoked", Instant),
    Column("attempts", Integer, nullable=False, comment="that failed since the last that did not"),
    Column("failing", Instant, comment="since when; null: the last attempt did not fail"),
    Column("next_attempt", Instant, comment="not before; null: at once"),
    Column("error", Text, comment="why the last attempt failed"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Id, primary_key=True),
    Column("received", Instant, nullable=False, index=True),
    Column("format", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("device_id", Id, comment="who sent it; null: a stranger"),
)

crimes = Table(
    "crimes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", Text, nullable=False, comment="a force, or the name that was given"),
    Column("ref", Text, nullable=False, comment="the source's own, or made from the row"),
    Column("category", Text, nullable=False),
    Column("start", Instant, nullable=False, comment="it happened then or later"),
    Column(
        "end", Instant, nullable=False, comment="but not after; a month later where that is all"
    ),
    Column("lon", Double, comment="null, with lat: nobody says where"),
    Column("lat", Double),
    Column("snapped", Boolean, nullable=False, comment="moved to a point that many crimes share"),
    Column("place", Text, nullable=False, comment="in words; may be empty"),
    UniqueConstraint("source", "ref"),
    Index("ix_crimes_start", "start"),
)

secrets = Table(
    "secrets",
    metadata,
    # What is made once and never shown. Who deletes one cuts what was made with it from its origin.
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
