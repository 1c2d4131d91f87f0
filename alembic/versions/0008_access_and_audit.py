"""Who may see what, the audit log, and what was erased."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Id, Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SAID = "the audit log only grows"


def _refuse(name: str, event: str, table: str, when: str = "1") -> str:
    """A trigger of SQLite's that refuses what it is asked, if so."""
    # Names and conditions of our own, here below.
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    )


def _ask(name: str, event: str, table: str, each: str, function: str) -> str:
    """A trigger of PostgreSQL's that asks a function, for each statement or row."""
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} "
        f"FOR EACH {each} EXECUTE FUNCTION {function}"
    )


# Entries may go that are sealed and past the log's own period; seals never do.
_KEPT = "> coalesce((SELECT through FROM audit_expiry), -9223372036854775808)"
# The newest seal says how late it is: what is under it stays, whatever moment somebody names.
_UNSEALED = (
    "NOT EXISTS (SELECT 1 FROM audit_seals WHERE last = NEW.through AND sealed < NEW.before) "
    "OR NEW.before > (SELECT max(sealed) FROM audit_seals)"
)
_TABLES = "audit", "audit_whose", "audit_seals", "audit_expiry"
# By which a row is the one. SQLite's INSERT OR REPLACE deletes what is there and tells no trigger.
_KEYS = {"audit": ("id",), "audit_whose": ("audit_id", "kind", "ref"), "audit_seals": ("id",)}


def _there(table: str) -> str:
    """Whether a row of the new one's key is there."""
    same = " AND ".join(f"{column} = NEW.{column}" for column in _KEYS[table])
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 -- names of our own


_SQLITE = (
    *(_refuse("never_changes", "UPDATE", table) for table in _TABLES),
    _refuse("keeps", "DELETE", "audit", f"OLD.id {_KEPT}"),
    _refuse("keeps", "DELETE", "audit_whose", f"OLD.audit_id {_KEPT}"),
    _refuse("keeps", "DELETE", "audit_seals"),
    _refuse("is_sealed", "INSERT", "audit_expiry", _UNSEALED),
    *(_refuse("replaces_nothing", "INSERT", table, _there(table)) for table in _KEYS),
)
_ONLY_GROWS = f"""
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{_SAID}' USING ERRCODE = 'insufficient_privilege';
END $$
"""
_KEEPS = f"""
CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(OLD) ->> TG_ARGV[0])::bigint {_KEPT} THEN
        RAISE EXCEPTION '{_SAID}' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$
"""
_IS_SEALED = f"""
CREATE FUNCTION audit_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {_UNSEALED} THEN
        RAISE EXCEPTION '{_SAID}' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$
"""
# The service's own role makes and drops the days of fixes without owning the table: by the owner's
# functions, which do nothing else and find no names but ours.
_DAYS = (
    """
CREATE FUNCTION fixes_make_day(day date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    first timestamptz := day;
    past timestamptz := day + 1;
BEGIN
    IF EXISTS (SELECT FROM public.fixes_default WHERE time >= first AND time < past) THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS public.%I PARTITION OF public.fixes FOR VALUES FROM (%L) TO (%L)',
        'fixes_' || to_char(day, 'YYYYMMDD'), first, past
    );
    RETURN true;
END $$
""",
    """
CREATE FUNCTION fixes_drop_day(before date) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    oldest name;
    found bigint;
BEGIN
    SELECT min(c.relname) INTO oldest FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.fixes'::regclass AND c.relname ~ '^fixes_[0-9]{8}$'
    AND c.relname < 'fixes_' || to_char(before, 'YYYYMMDD');
    IF oldest IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I', oldest) INTO found;
    EXECUTE format('DROP TABLE public.%I', oldest);
    RETURN found;
END $$
""",
    "REVOKE EXECUTE ON FUNCTION fixes_make_day(date), fixes_drop_day(date) FROM PUBLIC",
)
_POSTGRESQL = (
    *(_ONLY_GROWS, _KEEPS, _IS_SEALED, *_DAYS),
    *(
        _ask("never_changes", "UPDATE OR TRUNCATE", table, "STATEMENT", "audit_only_grows()")
        for table in _TABLES
    ),
    _ask("keeps", "DELETE", "audit", "ROW", "audit_keeps('id')"),
    _ask("keeps", "DELETE", "audit_whose", "ROW", "audit_keeps('audit_id')"),
    _ask("keeps", "DELETE", "audit_seals", "STATEMENT", "audit_only_grows()"),
    _ask("is_sealed", "INSERT", "audit_expiry", "ROW", "audit_is_sealed()"),
)
_GUARDS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


# Versions before knew no scopes and no locks, and showed any event to whoever sees events.
_ENDED = (
    "UPDATE tokens SET revoked = created WHERE scopes IS NOT NULL AND revoked IS NULL",
    """
    UPDATE device_keys SET revoked = (SELECT locked FROM devices d WHERE d.id = device_id)
    WHERE revoked IS NULL AND device_id IN (SELECT id FROM devices WHERE locked IS NOT NULL)
    """,
    "DELETE FROM events WHERE kind = 'glass_broken'",
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "authority", sa.Text(), nullable=False, comment="token 7, session 3, or account 3"
        ),
        sa.Column("origin", sa.Text(), nullable=False, comment="an address, or: command line"),
        sa.Column("what", sa.Text(), nullable=False, comment="a route, or a command"),
        sa.Column(
            "details", sa.Text(), nullable=False, comment="what was asked for, a JSON object"
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True, comment="given; null: not counted"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_time", "audit", ["time", "id"], unique=False)
    op.create_table(
        "audit_expiry",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="1"),
        sa.Column("before", Instant(), nullable=False),
        sa.Column("through", Id, nullable=False, comment="the last of them"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_expiry")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("id", Id, nullable=False),
        sa.Column("first", Id, nullable=False),
        sa.Column("last", Id, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("sealed", Instant(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seals")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_whose",
        sa.Column("audit_id", Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="officer, team, device or everybody"),
        sa.Column("ref", Id, autoincrement=False, nullable=False, comment="its id; 0: everybody"),
        sa.PrimaryKeyConstraint("audit_id", "kind", "ref", name=op.f("pk_audit_whose")),
    )
    op.create_index(
        "ix_audit_whose_kind_ref", "audit_whose", ["kind", "ref", "audit_id"], unique=False
    )
    op.create_table(
        "chores",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("begun", Instant(), nullable=False),
        sa.Column(
            "done",
            Instant(),
            nullable=True,
            comment="when it last ended well; null: never yet",
        ),
        sa.Column(
            "said", sa.Text(), nullable=False, comment="what it did, or why it could not, in a line"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", Id, nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="period, or person"),
        sa.Column(
            "what", sa.Text(), nullable=False, comment="fixes, visits, ... of a period; else: all"
        ),
        sa.Column("officer_id", Id, nullable=True, comment="of whom; null: of everybody"),
        sa.Column(
            "start",
            Instant(),
            nullable=True,
            comment="from then on; null: from the beginning",
        ),
        sa.Column("end", Instant(), nullable=False, comment="before then"),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column(
            "report",
            sa.Text(),
            nullable=False,
            comment="how many rows of which table, a JSON object",
        ),
        sa.Column("done", Instant(), nullable=True, comment="null: it is under way, or broke off"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_what_end", "erasures", ["what", "end"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("hour", Instant(), nullable=False, comment="its start, UTC"),
        sa.Column("door", sa.Text(), nullable=False, comment="http, mqtt or gateway"),
        sa.Column("device_id", Id, autoincrement=False, nullable=False, comment="0: a stranger"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "door", "device_id", "reason", name=op.f("pk_refusals")),
    )
    op.create_table(
        "unplaced",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("received", Instant(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True, comment="of the fix that was not kept"),
        sa.PrimaryKeyConstraint("device_id", "time", name=op.f("pk_unplaced")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "accounts",
        sa.Column("id", Id, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="whom the provider means"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Text(),
            nullable=True,
            comment="set by an administrator; null: as the provider claims",
        ),
        sa.Column("officer_id", Id, nullable=True, comment="whose own data they see"),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("seen", Instant(), nullable=False, comment="when they last signed in"),
        sa.Column(
            "locked",
            Instant(),
            nullable=True,
            comment="since when they may not sign in; null: they may",
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_accounts_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_accounts_issuer_subject")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account_teams",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("team_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_teams_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_account_teams_team_id_teams")
        ),
        sa.PrimaryKeyConstraint("account_id", "team_id", name=op.f("pk_account_teams")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="in which they signed in"),
        sa.Column("officer_id", Id, nullable=True),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("expires", Instant(), nullable=False, comment="at the latest"),
        sa.Column("seen", Instant(), nullable=False, comment="when they last asked, about"),
        sa.Column(
            "ended",
            Instant(),
            nullable=True,
            comment="signed out, or ended by an administrator",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_sessions_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sessions_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.create_table(
        "glass",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_id", Id, nullable=True),
        sa.Column("session_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payloads", sa.Boolean(), nullable=False, comment="broken messages may be read"),
        sa.Column("broken", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_glass_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_glass_token_id_tokens")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glass")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_glass_session_id"), "glass", ["session_id"], unique=False)
    op.create_index(op.f("ix_glass_token_id"), "glass", ["token_id"], unique=False)
    op.create_table(
        "session_teams",
        sa.Column("session_id", Id, nullable=False),
        sa.Column("team_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_session_teams_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_session_teams_team_id_teams")
        ),
        sa.PrimaryKeyConstraint("session_id", "team_id", name=op.f("pk_session_teams")),
    )
    op.create_table(
        "glass_officers",
        sa.Column("glass_id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["glass_id"], ["glass.id"], name=op.f("fk_glass_officers_glass_id_glass")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_glass_officers_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("glass_id", "officer_id", name=op.f("pk_glass_officers")),
    )
    op.add_column(
        "device_keys",
        sa.Column(
            "mqtt_hash",
            sa.Text(),
            nullable=True,
            comment="for mosquitto's password file; null: an older key",
        ),
    )
    op.add_column(
        "devices",
        sa.Column(
            "locked",
            Instant(),
            nullable=True,
            comment="since when nothing is taken from it; null: it is welcome",
        ),
    )
    op.add_column(
        "tokens",
        sa.Column(
            "scopes",
            sa.Text(),
            nullable=True,
            comment="the rights it is for, a JSON list; null: all of its role",
        ),
    )
    op.add_column(
        "events",
        sa.Column("officer_id", Id, nullable=True, comment="whom it is about by themself"),
    )
    op.add_column(
        "quarantine",
        sa.Column("device_id", Id, nullable=True, comment="who sent it; null: a stranger"),
    )
    op.execute(
        "UPDATE quarantine SET device_id = (SELECT id FROM devices WHERE name = quarantine.sender)"
    )
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in _ENDED:
        op.execute(statement)
    op.drop_column("quarantine", "device_id")
    op.drop_column("events", "officer_id")
    op.drop_column("tokens", "scopes")
    op.drop_column("devices", "locked")
    op.drop_column("device_keys", "mqtt_hash")
    op.drop_table("glass_officers")
    op.drop_table("session_teams")
    op.drop_index(op.f("ix_glass_token_id"), table_name="glass")
    op.drop_index(op.f("ix_glass_session_id"), table_name="glass")
    op.drop_table("glass")
    op.drop_index(op.f("ix_sessions_account_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("account_teams")
    op.drop_table("accounts")
    op.drop_table("unplaced")
    op.drop_table("refusals")
    op.drop_index("ix_erasures_what_end", table_name="erasures")
    op.drop_table("erasures")
    op.drop_table("chores")
    op.drop_index("ix_audit_whose_kind_ref", table_name="audit_whose")
    op.drop_table("audit_whose")
    op.drop_table("audit_seals")
    op.drop_table("audit_expiry")
    op.drop_index("ix_audit_time", table_name="audit")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_only_grows, audit_keeps, audit_is_sealed")
        op.execute("DROP FUNCTION fixes_make_day, fixes_drop_day")
