"""The tables of who may see what, of what was done, and of what was erased; beside `schema`."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from app.storage.schema import metadata
from app.storage.types import Id, Instant

accounts = Table(
    "accounts",
    metadata,
    # People who sign in by the force's identity provider; made when they first do.
    Column("id", Id, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="whom the provider means"),
    Column("name", Text, nullable=False),
    Column("role", Text, comment="set by an administrator; null: as the provider claims"),
    Column("officer_id", Id, ForeignKey("officers.id"), comment="whose own data they see"),
    Column("created", Instant, nullable=False),
    Column("seen", Instant, nullable=False, comment="when they last signed in"),
    Column("locked", Instant, comment="since when they may not sign in; null: they may"),
    UniqueConstraint("issuer", "subject"),
    sqlite_autoincrement=True,
)

account_teams = Table(
    "account_teams",
    metadata,
    # A supervisor's, set by an administrator.
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("team_id", Id, ForeignKey("teams.id"), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False, comment="in which they signed in"),
    Column("officer_id", Id, ForeignKey("officers.id")),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False, comment="at the latest"),
    Column("seen", Instant, nullable=False, comment="when they last asked, about"),
    Column("ended", Instant, comment="signed out, or ended by an administrator"),
    sqlite_autoincrement=True,
)

session_teams = Table(
    "session_teams",
    metadata,
    Column("session_id", Id, ForeignKey("sessions.id"), primary_key=True),
    Column("team_id", Id, ForeignKey("teams.id"), primary_key=True),
)

glass = Table(
    "glass",
    metadata,
    # Broken by whoever has this token, or this session.
    Column("id", Id, primary_key=True),
    Column("token_id", Id, ForeignKey("tokens.id"), index=True),
    Column("session_id", Id, ForeignKey("sessions.id"), index=True),
    Column("reason", Text, nullable=False),
    Column("payloads", Boolean, nullable=False, comment="broken messages may be read"),
    Column("broken", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    sqlite_autoincrement=True,
)

glass_officers = Table(
    "glass_officers",
    metadata,
    Column("glass_id", Id, ForeignKey("glass.id"), primary_key=True),
    Column("officer_id", Id, ForeignKey("officers.id"), primary_key=True),
)

audit = Table(
    "audit",
    metadata,
    # Only grows: triggers refuse to change a row, or to delete one before `audit_expiry`. On
    # PostgreSQL its ids are in the order of the commits.
    Column("id", Id, primary_key=True),
    Column("time", Instant, nullable=False),
    Column("act", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("authority", Text, nullable=False, comment="token 7, session 3, or account 3"),
    Column("origin", Text, nullable=False, comment="an address, or: command line"),
    Column("what", Text, nullable=False, comment="a route, or a command"),
    Column("details", Text, nullable=False, comment="what was asked for, a JSON object"),
    Column("reason", Text),
    Column("rows", Integer, comment="given; null: not counted"),
    Index("ix_audit_time", "time", "id"),
    sqlite_autoincrement=True,
)

audit_whose = Table(
    "audit_whose",
    metadata,
    Column("audit_id", Id, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True, comment="officer, team, device or everybody"),
    Column("ref", Id, primary_key=True, autoincrement=False, comment="its id; 0: everybody"),
    Index("ix_audit_whose_kind_ref", "kind", "ref", "audit_id"),
)

audit_seals = Table(
    "audit_seals",
    metadata,
    # A chain: each seal's hash is over the one before it and the entries from `first` to `last`.
    Column("id", Id, primary_key=True),
    Column("first", Id, nullable=False),
    Column("last", Id, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("sealed", Instant, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

audit_expiry = Table(
    "audit_expiry",
    metadata,
    # One row: which entries may be deleted, by the log's own period: those sealed before then.
    Column("id", Id, primary_key=True, autoincrement=False, comment="1"),
    Column("before", Instant, nullable=False),
    Column("through", Id, nullable=False, comment="the last of them"),
)

refusals = Table(
    "refusals",
    metadata,
    # How often somebody was turned away: at which door, in which hour, why.
    Column("hour", Instant, primary_key=True, comment="its start, UTC"),
    Column("door", Text, primary_key=True, comment="http, mqtt or gateway"),
    Column("device_id", Id, primary_key=True, autoincrement=False, comment="0: a stranger"),
    Column("reason", Text, primary_key=True),
    Column("times", Integer, nullable=False),
)

unplaced = Table(
    "unplaced",
    metadata,
    # When a device was heard at a place that the force keeps no record of: for its observability,
    # and as it was then outside every hot spot. Kept as long as fixes are.
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("time", Instant, primary_key=True),
    Column("received", Instant, nullable=False),
    Column("accuracy_m", Double, comment="of the fix that was not kept"),
    sqlite_with_rowid=False,
)

chores = Table(
    "chores",
    metadata,
    # What the service does by itself, and when it last did.
    Column("name", Text, primary_key=True),
    Column("begun", Instant, nullable=False),
    Column("done", Instant, comment="when it last ended well; null: never yet"),
    Column("said", Text, nullable=False, comment="what it did, or why it could not, in a line"),
)

erasures = Table(
    "erasures",
    metadata,
    # That something was erased, never what. Figures of a time that it touches say so.
    Column("id", Id, primary_key=True),
    Column("time", Instant, nullable=False),
    Column("kind", Text, nullable=False, comment="period, or person"),
    Column("what", Text, nullable=False, comment="fixes, visits, ... of a period; else: all"),
    Column("officer_id", Id, comment="of whom; null: of everybody"),
    Column("start", Instant, comment="from then on; null: from the beginning"),
    Column("end", Instant, nullable=False, comment="before then"),
    Column("rows", Integer, nullable=False),
    Column("report", Text, nullable=False, comment="how many rows of which table, a JSON object"),
    Column("done", Instant, comment="null: it is under way, or broke off"),
    Index("ix_erasures_what_end", "what", "end"),
)
