"""Crimes, by which hot spots are suggested, and the secret behind pseudonyms."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Id, Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crimes",
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="a force, or the name that was given",
        ),
        sa.Column(
            "ref", sa.Text(), nullable=False, comment="the source's own, or made from the row"
        ),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("start", Instant(), nullable=False, comment="it happened then or later"),
        sa.Column(
            "end",
            Instant(),
            nullable=False,
            comment="but not after; a month later where that is all",
        ),
        sa.Column("lon", sa.Double(), nullable=True, comment="null, with lat: nobody says where"),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column(
            "snapped",
            sa.Boolean(),
            nullable=False,
            comment="moved to a point that many crimes share",
        ),
        sa.Column("place", sa.Text(), nullable=False, comment="in words; may be empty"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crimes")),
        sa.UniqueConstraint("source", "ref", name=op.f("uq_crimes_source_ref")),
    )
    op.create_index("ix_crimes_start", "crimes", ["start"], unique=False)
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )


def downgrade() -> None:
    op.drop_table("secrets")
    op.drop_index("ix_crimes_start", table_name="crimes")
    op.drop_table("crimes")
