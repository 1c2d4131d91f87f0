"""What people's programs call, below /api/v1."""

from app.api import docs, errors
from app.api.health import probes
from app.api.routes import router

__all__ = ["docs", "errors", "probes", "router"]
