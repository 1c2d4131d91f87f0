"""How many examples the property tests try: a few in the suite, `FUZZ` times as many by itself."""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("FUZZ", "1"))


def examples(count: int) -> settings:
    """Settings of a property test that tries `count` examples in the suite."""
    return settings(max_examples=count * TIMES, suppress_health_check=list(HealthCheck))
