"""`make bench`: each speed beside its ceiling in the same run, as a table and in results.json."""

import asyncio
import json
import os
import platform
from pathlib import Path

import compliance
import engine
import exports
import live
import others
import singles
import storing
from services import postgres

HEAD = f"{'fixes a second':<38} {'here':>10} {'ceiling':>10}  ratio"
ROW = (
    "{name:<38} {fixes_per_s:>10,.0f} {ceiling_per_s:>10,.0f}"
    "   {ratio:.2f} ({ratio_least:.2f} to {ratio_most:.2f})"
)


def main() -> None:
    """Runs everything and says how it went; needs PostgreSQL with PostGIS."""
    speeds, figures = engine.measure()
    with postgres() as cluster:
        beside = asyncio.run(others.measure(cluster))
        speeds |= asyncio.run(storing.measure(cluster))
        speeds["HTTP, one fix a request"] = asyncio.run(singles.over_http(cluster))
        speeds["MQTT, one fix a message"] = asyncio.run(singles.over_mqtt(cluster))
        latencies = asyncio.run(live.measure(cluster))
        answers = asyncio.run(compliance.measure(cluster))
        taken = asyncio.run(exports.measure(cluster))
    results = {name: speed.as_json() for name, speed in speeds.items()}
    print(HEAD)
    for name, result in results.items():
        print(ROW.format(name=name, **result))
    for name, value in (figures | beside | latencies | answers | taken).items():
        print(f"{name:<56} {value:>10,.6g}")
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    content = {
        "machine": machine,
        "results": results,
        "figures": figures,
        "others": beside,
        "latencies": latencies,
        "answers": answers,
        "exports": taken,
    }
    file = Path(__file__).with_name("results.json")
    file.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
