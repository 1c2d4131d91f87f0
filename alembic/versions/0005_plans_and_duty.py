"""What plans ask for besides, who was on duty or taken off it, what was observed, who is told."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import EPOCH, Id, Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_hours",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column("hour", Instant(), nullable=False, comment="its start, UTC"),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column(
            "observed", Id, nullable=False, comment="bit n: minute n of the hour was observed"
        ),
        sa.PrimaryKeyConstraint("device_id", "hour", "known_from", name=op.f("pk_device_hours")),
    )
    op.create_index("ix_device_hours_hour", "device_hours", ["hour"], unique=False)
    op.create_table(
        "nearby",
        sa.Column("device_id", Id, autoincrement=False, nullable=False),
        sa.Column("hotspot_id", Id, autoincrement=False, nullable=False),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("end", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "device_id", "hotspot_id", "start", "known_from", name=op.f("pk_nearby")
        ),
    )
    op.create_index("ix_nearby_start", "nearby", ["start"], unique=False)
    op.create_table(
        "raised",
        sa.Column("plan", sa.Text(), nullable=False, comment="its key"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "hotspot_id", Id, autoincrement=False, nullable=False, comment="0: of all of them"
        ),
        sa.Column("window", sa.Text(), nullable=False, comment="its name; empty: of a patrol"),
        sa.Column("time", Instant(), nullable=False, comment="when the patrol or the wait began"),
        sa.PrimaryKeyConstraint(
            "plan", "kind", "hotspot_id", "window", "time", name=op.f("pk_raised")
        ),
    )
    op.create_table(
        "turns",
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("until", Instant(), nullable=True, comment="then it is anybody's turn"),
        sa.Column(
            "position", Id, nullable=True, comment="the id of the last event that is dealt with"
        ),
        sa.PrimaryKeyConstraint("work", name=op.f("pk_turns")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="signs what is sent there"),
        sa.Column("kinds", sa.Text(), nullable=True, comment="of events, a JSON list; null: all"),
        sa.Column("people", sa.Boolean(), nullable=False, comment="devices and officers are named"),
        sa.Column(
            "position", Id, nullable=False, comment="the id of the last event that is dealt with"
        ),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("revoked", Instant(), nullable=True),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            comment="that failed since the last that did not",
        ),
        sa.Column(
            "failing",
            Instant(),
            nullable=True,
            comment="since when; null: the last attempt did not fail",
        ),
        sa.Column("next_attempt", Instant(), nullable=True, comment="not before; null: at once"),
        sa.Column("error", sa.Text(), nullable=True, comment="why the last attempt failed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "briefings",
        sa.Column("id", Id, nullable=False),
        sa.Column("hotspot_id", Id, nullable=False),
        sa.Column("task", sa.Text(), nullable=False, comment="what officers do there, in a line"),
        sa.Column("note", sa.Text(), nullable=False, comment="why, and what to know; may be empty"),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hotspot_id"], ["hotspots.id"], name=op.f("fk_briefings_hotspot_id_hotspots")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefings")),
    )
    op.create_index(
        "uq_briefings_current",
        "briefings",
        ["hotspot_id"],
        unique=True,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_table(
        "plan_days",
        sa.Column("plan_id", Id, nullable=False),
        sa.Column("hotspot_id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("treatment", sa.Boolean(), nullable=False, comment="else a control day"),
        sa.ForeignKeyConstraint(
            ["hotspot_id"], ["hotspots.id"], name=op.f("fk_plan_days_hotspot_id_hotspots")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_days_plan_id_plans")),
        sa.PrimaryKeyConstraint("plan_id", "hotspot_id", "day", name=op.f("pk_plan_days")),
    )
    op.create_table(
        "plan_teams",
        sa.Column("plan_id", Id, nullable=False),
        sa.Column("team_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_plan_teams_plan_id_plans")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_plan_teams_team_id_teams")
        ),
        sa.PrimaryKeyConstraint("plan_id", "team_id", name=op.f("pk_plan_teams")),
    )
    op.create_table(
        "answers",
        sa.Column("id", Id, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False, comment="its key"),
        sa.Column("hotspot_id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False, comment="its name"),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False, comment="could_not_attend"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hotspot_id"], ["hotspots.id"], name=op.f("fk_answers_hotspot_id_hotspots")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_answers_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    op.create_index(
        "ix_answers_cell", "answers", ["plan", "day", "window", "hotspot_id"], unique=False
    )
    op.create_table(
        "briefing_reads",
        sa.Column("briefing_id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("read", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["briefing_id"], ["briefings.id"], name=op.f("fk_briefing_reads_briefing_id_briefings")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_briefing_reads_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("briefing_id", "officer_id", name=op.f("pk_briefing_reads")),
    )
    op.create_table(
        "officer_posts",
        sa.Column("id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("team_id", Id, nullable=True),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_officer_posts_officer_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_officer_posts_team_id_teams")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_posts")),
    )
    op.create_index(op.f("ix_officer_posts_officer_id"), "officer_posts", ["officer_id"])
    _unique("officer_posts_current", ["officer_id"], "known_to IS NULL")
    # Until now there was no telling since when: it counts as known from the first.
    op.execute(
        sa.text(
            "INSERT INTO officer_posts (officer_id, team_id, organisation, known_from)"
            " SELECT id, team_id, organisation, :epoch FROM officers"
        ).bindparams(sa.bindparam("epoch", EPOCH, Instant()))
    )
    op.create_index(
        "ix_visits_long",
        "visits",
        ["enter"],
        sqlite_where=sa.text("exit - enter > 86400000000"),
        postgresql_where=sa.text("exit - enter > interval '1 day'"),
    )
    # Nothing could be written to these two before.
    op.drop_table("duty_times")
    op.drop_table("abstractions")
    op.create_table(
        "duty_times",
        sa.Column("id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=False),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("end", Instant(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.CheckConstraint('"end" > start', name=op.f("ck_duty_times_end_after_start")),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_duty_times_officer_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_times")),
    )
    op.create_index(op.f("ix_duty_times_officer_id"), "duty_times", ["officer_id"])
    op.create_index(op.f("ix_duty_times_start"), "duty_times", ["start"])
    _unique("duty_times_current", ["officer_id", "start", "end"], "known_to IS NULL")
    op.create_table(
        "abstractions",
        sa.Column("id", Id, nullable=False),
        sa.Column("officer_id", Id, nullable=True),
        sa.Column("team_id", Id, nullable=True),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("end", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.CheckConstraint('"end" > start', name=op.f("ck_abstractions_end_after_start")),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_abstractions_officer_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_abstractions_team_id_teams")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abstractions")),
    )
    op.create_index(op.f("ix_abstractions_officer_id"), "abstractions", ["officer_id"])
    op.create_index(op.f("ix_abstractions_team_id"), "abstractions", ["team_id"])
    op.create_index(op.f("ix_abstractions_start"), "abstractions", ["start"])
    said = ["start", "end", "reason"]
    _unique("abstractions_officers", ["officer_id", *said], "known_to IS NULL")
    _unique("abstractions_teams", ["team_id", *said], "known_to IS NULL")
    nobodys = "known_to IS NULL AND officer_id IS NULL AND team_id IS NULL"
    _unique("abstractions_everybodys", said, nobodys)
    op.add_column(
        "device_states",
        sa.Column(
            "unsurveyed",
            Instant(),
            nullable=True,
            comment="the earliest that came since surveying; null: none",
        ),
    )
    op.add_column(
        "device_states",
        sa.Column(
            "surveying",
            Instant(),
            nullable=True,
            comment="hours from here on are to be surveyed; null: none",
        ),
    )
    # What there is already is surveyed in time, too.
    op.execute(
        "UPDATE device_states SET unsurveyed = (SELECT min(fixes.time) FROM fixes"
        " WHERE fixes.device_id = device_states.device_id)"
    )
    op.add_column(
        "events",
        sa.Column(
            "plan", sa.Text(), nullable=True, comment="the key of the plan it is about; null: none"
        ),
    )
    op.add_column(
        "events",
        sa.Column(
            "data",
            sa.Text(),
            nullable=True,
            comment="figures that belong to it, a JSON object; null: none",
        ),
    )
    op.add_column(
        "plan_hotspots",
        sa.Column(
            "weight",
            sa.Double(),
            nullable=False,
            server_default="1",
            comment="its crime or harm, for windows by_weight",
        ),
    )
    op.add_column(
        "plan_windows",
        sa.Column(
            "by_weight",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="patrols are of all: shared by weight",
        ),
    )
    op.add_column(
        "plans",
        sa.Column(
            "least_observability",
            sa.Double(),
            nullable=False,
            server_default="0.8",
            comment="0 to 1; less: not measurable",
        ),
    )
    op.add_column(
        "plans",
        sa.Column(
            "overdue_minutes",
            sa.Double(),
            nullable=False,
            server_default="60",
            comment="without a visit, where one is owed",
        ),
    )
    op.add_column(
        "plans",
        sa.Column(
            "trial",
            sa.Text(),
            nullable=True,
            comment="drawn, or listed in plan_days; null: no trial",
        ),
    )
    op.add_column("plans", sa.Column("trial_seed", Id, nullable=True, comment="of a drawn trial"))
    op.add_column(
        "plans",
        sa.Column(
            "trial_treated",
            sa.Integer(),
            nullable=True,
            comment="of a drawn trial: hot spots under treatment each day",
        ),
    )


def _unique(name: str, columns: list[str], condition: str) -> None:
    op.create_index(
        f"uq_{name}",
        name.rpartition("_")[0],
        columns,
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def downgrade() -> None:
    op.drop_index("ix_visits_long", table_name="visits")
    for column in (
        "trial_treated",
        "trial_seed",
        "trial",
        "overdue_minutes",
        "least_observability",
    ):
        op.drop_column("plans", column)
    op.drop_column("plan_windows", "by_weight")
    op.drop_column("plan_hotspots", "weight")
    op.drop_column("events", "data")
    op.drop_column("events", "plan")
    op.drop_column("device_states", "surveying")
    op.drop_column("device_states", "unsurveyed")
    op.drop_table("abstractions")
    op.drop_table("duty_times")
    _as_they_were()
    for table in (
        "officer_posts",
        "briefing_reads",
        "answers",
        "plan_teams",
        "plan_days",
        "briefings",
        "webhooks",
        "turns",
        "raised",
        "nearby",
        "device_hours",
    ):
        op.drop_table(table)


def _as_they_were() -> None:
    for table, more in (
        ("duty_times", ()),
        ("abstractions", (sa.Column("reason", sa.Text(), nullable=False),)),
    ):
        op.create_table(
            table,
            sa.Column("id", Id, nullable=False),
            sa.Column("officer_id", Id, nullable=False),
            sa.Column("start", Instant(), nullable=False),
            sa.Column("end", Instant(), nullable=False),
            *more,
            sa.Column("known_from", Instant(), nullable=False),
            sa.Column("known_to", Instant(), nullable=True),
            sa.ForeignKeyConstraint(
                ["officer_id"], ["officers.id"], name=op.f(f"fk_{table}_officer_id_officers")
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_officer_id"), table, ["officer_id"])
