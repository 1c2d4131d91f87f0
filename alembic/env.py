"""Runs migrations on the connection that `app.storage.migrate` hands over."""

from alembic import context

from app.storage.guarding import metadata

PARTITION = "fixes_"


def _ours(_object: object, name: str | None, kind: str, reflected: bool, _to: object) -> bool:  # noqa: FBT001 -- Alembic's signature
    """Leaves PostGIS' own tables and the partitions of `fixes` out of comparisons."""
    if kind == "table" and reflected and name is not None:
        return name in metadata.tables and not name.startswith(PARTITION)
    return True


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=_ours,
)
context.run_migrations()
