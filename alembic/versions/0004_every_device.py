"""Events for people, how devices' payloads are opened and their speeds read, a quarantine that expires."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Id, Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="emergency, entered, left, ..."),
        sa.Column("time", Instant(), nullable=False, comment="when it happened"),
        sa.Column("stored", Instant(), nullable=False),
        sa.Column(
            "live",
            sa.Boolean(),
            nullable=False,
            comment="people are told at once; else it was too old",
        ),
        sa.Column("device_id", Id, nullable=True, comment="whose; null: nobody's"),
        sa.Column("hotspot_id", Id, nullable=True, comment="where; null: at none"),
        sa.Column(
            "visit",
            Instant(),
            nullable=True,
            comment="of entered and left: the visit's first moment, as first told",
        ),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "whereabouts",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column("hotspot_id", Id, autoincrement=False, nullable=False),
        sa.Column("visit", Instant(), nullable=False, comment="its first moment, as first told"),
        sa.Column("live", sa.Boolean(), nullable=False, comment="people were told at once"),
        sa.PrimaryKeyConstraint("device_id", "hotspot_id", name=op.f("pk_whereabouts")),
    )
    op.create_index(
        "ix_visits_open",
        "visits",
        ["device_id"],
        sqlite_where=sa.text("open = 1 AND known_to IS NULL"),
        postgresql_where=sa.text("open AND known_to IS NULL"),
    )
    op.create_index("ix_events_time", "events", ["time", "id"])
    op.create_index(
        "ix_events_live",
        "events",
        ["id"],
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.create_index(op.f("ix_quarantine_received"), "quarantine", ["received"])
    op.add_column(
        "devices",
        sa.Column(
            "owntracks_secret",
            sa.Text(),
            nullable=True,
            comment="opens its encrypted payloads; null: none",
        ),
    )
    op.add_column(
        "devices",
        sa.Column(
            "speed_unit",
            sa.Text(),
            nullable=True,
            comment="of a bare `speed` among parameters; null: the format's",
        ),
    )
    # Accuracies were limited to a kilometre after profiles could be stored.
    op.execute("UPDATE profiles SET assumed_accuracy_m = 1000 WHERE assumed_accuracy_m > 1000")


def downgrade() -> None:
    op.drop_column("devices", "speed_unit")
    op.drop_column("devices", "owntracks_secret")
    op.drop_index(op.f("ix_quarantine_received"), table_name="quarantine")
    op.drop_index("ix_visits_open", table_name="visits")
    op.drop_table("whereabouts")
    op.drop_index("ix_events_live", table_name="events")
    op.drop_index("ix_events_time", table_name="events")
    op.drop_table("events")
