"""What people's programs call, below /api/v1."""

from app.api import docs, errors
from app.api.health import probes
from app.api.routes import describe, router
from app.api.sign_in import router as entrance

__all__ = ["describe", "docs", "entrance", "errors", "probes", "router"]
