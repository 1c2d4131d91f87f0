"""What devices say of themselves: an emergency, power on and off, GPS lost."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Id, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_events",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="emergency, power_on, ... or the sender's word",
        ),
        sa.Column("received", Instant(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False, comment="the wire format"),
        sa.PrimaryKeyConstraint("device_id", "time", "kind", name=op.f("pk_device_events")),
    )


def downgrade() -> None:
    op.drop_table("device_events")
