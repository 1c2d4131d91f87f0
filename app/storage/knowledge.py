"""What was held true at a moment, of tables with `known_from` and `known_to`."""

import datetime as dt

import sqlalchemy as sa


def known_at(table: sa.FromClause, moment: dt.datetime) -> sa.ColumnElement[bool]:
    """The condition that a row was the truth at a moment."""
    return sa.and_(
        table.c.known_from <= moment,
        sa.or_(table.c.known_to.is_(None), table.c.known_to > moment),
    )
