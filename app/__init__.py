"""The service around ingest and geofence."""

__version__ = "0.1.0"
