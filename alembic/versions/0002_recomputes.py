"""Work to be done again: spans of time of which visits are to be worked out anew."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Id, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recomputes",
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "start", Instant(), nullable=False, comment="visits from this moment on may be untrue"
        ),
        sa.Column("until", Instant(), nullable=True, comment="up to this moment; null: up to now"),
        sa.Column("device_id", Id, nullable=True, comment="null: of all devices"),
        sa.Column("why", sa.Text(), nullable=False, comment="edited, or by hand"),
        sa.Column("asked", Instant(), nullable=False),
        sa.Column("done", Instant(), nullable=True, comment="null: not yet"),
        sa.Column(
            "last_device",
            Id,
            nullable=True,
            comment="this one and all with a smaller id are done; null: none",
        ),
        sa.Column(
            "reached",
            Instant(),
            nullable=True,
            comment="how far the one after it is done; null: not begun",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="that failed since it last went on",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="why the last of these failed"),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_recomputes_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recomputes")),
    )
    # By hot spot first: which visit reached across a moment is the last before it at each.
    op.drop_index("ix_visits_version", table_name="visits")
    op.create_index("ix_visits_version", "visits", ["device_id", "hotspot_id", "first_us"])


def downgrade() -> None:
    op.drop_index("ix_visits_version", table_name="visits")
    op.create_index("ix_visits_version", "visits", ["device_id", "first_us", "hotspot_id"])
    op.drop_table("recomputes")
