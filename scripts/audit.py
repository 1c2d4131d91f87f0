"""Asks the advisory services about every pinned dependency; fails where one is known to be unsafe.

A service that cannot be reached, or knows none of the packages, audits nothing: that is said in one
line, and fails no check, for else nobody could work without the internet. An auditor that fails by
itself fails the check.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
PROVIDER = ROOT / "tests" / "support" / "provider"
PATIENCE_S = 60
# Of npm's words for how bad an advisory is; what is lower is for those who know where it is used.
GRAVE = ("high", "critical")
# How the auditors say that nobody answered them, or that a proxy did, with no advisories.
AWAY = re.compile(
    r"Could not connect|requests\.exceptions\.\w+|ECONN|ENOTFOUND|EAI_AGAIN|TIMEDOUT|timeout|"
    r"/security/"
)


class Away(Exception):
    """The advisory service cannot be reached."""


class Failed(Exception):
    """The auditor ended without a report; its last line."""


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
    """Reads what npm audit writes as JSON. Raises Away or Failed where that is an error."""
    if "metadata" not in report:
        raise _without_report(str(report.get("message", report)))
    many = report["metadata"]["dependencies"]["total"]
    found = report["vulnerabilities"].items()
    unsafe = [f"{name}: {one['severity']}" for name, one in found if one["severity"] in GRAVE]
    return Judgement(many, 0, unsafe)


def verdict(lock: str, judgement: Judgement) -> tuple[bool, str]:
    """Whether a lock file that was looked up passes, and the line that says why."""
    known, unknown, unsafe = judgement
    if unsafe:
        return False, f"{lock}: known to be unsafe: {'; '.join(unsafe)}"
    if not known:
        return True, f"{lock}: NOT AUDITED, the advisory service knows none of {unknown} packages"
    missing = f"; {unknown} it does not know" if unknown else ""
    return True, f"{lock}: no known fault in {known} packages{missing}"


def report_of(command: Sequence[str], where: Path = ROOT) -> Mapping[str, Any]:
    """What an auditor writes. Raises Away or Failed where it does not get as far as that."""
    try:
        ended = subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise Away from exc
    try:
        return dict(json.loads(ended.stdout))
    except ValueError as exc:
        raise _without_report(ended.stderr) from exc


def _without_report(said: str) -> Away | Failed:
    if AWAY.search(said):
        return Away()
    lines = said.strip().splitlines()
    return Failed(lines[-1] if lines else "it says nothing")


def audited(lock: str, judge: Callable[[], Judgement]) -> tuple[bool, str]:
    """The verdict on a lock file, also where it could not be audited."""
    try:
        return verdict(lock, judge())
    except Away:
        return True, f"{lock}: NOT AUDITED, the advisory service cannot be reached"
    except Failed as exc:
        return False, f"{lock}: NOT AUDITED, the auditor failed: {exc}"


def _python(lock: str) -> Judgement:
    auditor = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip"]
    options = ["--require-hashes", "--format", "json", "--progress-spinner", "off"]
    return judge_python(report_of([*auditor, *options, "--timeout", "10"]))


def _node(npm: str) -> Judgement:
    patience = ["--fetch-retries=1", "--fetch-timeout=10000"]
    command = [npm, "audit", "--package-lock-only", "--json", *patience]
    return judge_node(report_of(command, PROVIDER))


def main() -> int:
    """Audits all lock files at the same time; 1 where something is unsafe, or an auditor failed."""
    judges = {lock: partial(_python, lock) for lock in LOCKS}
    npm = shutil.which("npm", path=Path(sys.executable).parent) or shutil.which("npm")
    if npm and (PROVIDER / "package-lock.json").exists():
        judges["tests/support/provider"] = partial(_node, npm)
    with ThreadPoolExecutor() as together:
        verdicts = list(together.map(audited, judges, judges.values()))
    for _, line in verdicts:
        print(line)
    return 0 if all(passes for passes, _ in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
