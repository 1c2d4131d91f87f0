"""`make bench`: each speed beside its ceiling in the same run, as a table and in results.json."""

import asyncio
import json
import os
import platform
from pathlib import Path

import storing
from services import postgres

HEAD = f"{'fixes stored a second':<38} {'here':>10} {'ceiling':>10}  ratio"
ROW = "{name:<38} {rate:>10,.0f} {ceiling:>10,.0f}   {ratio:.2f} ({least:.2f} to {most:.2f})"


def main() -> None:
    """Runs everything and says how it went; needs PostgreSQL with PostGIS."""
    with postgres() as cluster:
        results = asyncio.run(storing.measure(cluster))
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    print(HEAD)
    for name, result in results.items():
        print(
            ROW.format(
                name=name,
                rate=result["fixes_per_s"],
                ceiling=result["ceiling_per_s"],
                ratio=result["ratio"],
                least=result["ratio_least"],
                most=result["ratio_most"],
            )
        )
    file = Path(__file__).with_name("results.json")
    file.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
