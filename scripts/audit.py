"""Asks the advisory services about every pinned dependency; fails where one is known to be unsafe.

A service that cannot be reached audits nothing: that is said in one line, and fails no check, for
else nobody could work without the internet.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
PROVIDER = ROOT / "tests" / "support" / "provider"
PATIENCE_S = 60
# Of npm's words for how bad an advisory is; what is lower is for those who know where it is used.
GRAVE = ("high", "critical")


class Judgement(NamedTuple):
    """What became of one lock file: what is unsafe, and what was not looked up at all."""

    audited: int
    unknown: int
    unsafe: Sequence[str]


def judge_python(report: Mapping[str, Any]) -> Judgement:
    """Reads what pip-audit writes as JSON."""
    packages = report["dependencies"]
    audited = [one for one in packages if "skip_reason" not in one]
    unsafe = [
        f"{one['name']} {one['version']}: {', '.join(advisory['id'] for advisory in one['vulns'])}"
        for one in audited
        if one["vulns"]
    ]
    return Judgement(len(audited), len(packages) - len(audited), unsafe)


def judge_node(report: Mapping[str, Any]) -> Judgement:
    """Reads what npm audit writes as JSON; an error is that it could not ask."""
    if "metadata" not in report:
        return Judgement(0, 0, ())
    many = report["metadata"]["dependencies"]["total"]
    found = report["vulnerabilities"].items()
    unsafe = [f"{name}: {one['severity']}" for name, one in found if one["severity"] in GRAVE]
    return Judgement(many, 0, unsafe)


def verdict(lock: str, judgement: Judgement) -> tuple[bool, str]:
    """Whether a lock file passes, and the line that says why."""
    audited, unknown, unsafe = judgement
    if unsafe:
        return False, f"{lock}: known to be unsafe: {'; '.join(unsafe)}"
    if not audited:
        return True, f"{lock}: NOT AUDITED, the advisory service cannot be reached"
    missing = f"; {unknown} it does not know" if unknown else ""
    return True, f"{lock}: no known fault in {audited} packages{missing}"


def report_of(command: Sequence[str], where: Path = ROOT) -> Mapping[str, Any]:
    """What an auditor writes; nothing audited where it does not get as far as that."""
    try:
        ended = subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        return dict(json.loads(ended.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return {"dependencies": []}


def _python(lock: str) -> Judgement:
    auditor = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip"]
    options = ["--require-hashes", "--format", "json", "--progress-spinner", "off"]
    return judge_python(report_of([*auditor, *options, "--timeout", "10"]))


def main() -> int:
    """Audits all lock files; 1 where one of them holds something unsafe."""
    verdicts = [verdict(lock, _python(lock)) for lock in LOCKS]
    npm = shutil.which("npm", path=Path(sys.executable).parent) or shutil.which("npm")
    if npm and (PROVIDER / "package-lock.json").exists():
        report = report_of([npm, "audit", "--package-lock-only", "--json"], PROVIDER)
        verdicts.append(verdict("tests/support/provider", judge_node(report)))
    for _, line in verdicts:
        print(line)
    return 0 if all(passes for passes, _ in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
