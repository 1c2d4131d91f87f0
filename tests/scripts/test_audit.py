"""What `make check` makes of what the advisory services answer."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "audit.py"

SOUND = {"name": "httpx", "version": "0.28.1", "vulns": []}
UNSAFE = {
    "name": "jinja2",
    "version": "2.4",
    "vulns": [{"id": "PYSEC-2014-8"}, {"id": "PYSEC-2019-217"}],
}
AWAY = {"name": "numpy", "skip_reason": "Dependency not found and could not be audited"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "passes", "said"),
    [
        ([SOUND, SOUND], True, "no known fault in 2 packages"),
        ([SOUND, AWAY], True, "no known fault in 1 packages; 1 it does not know"),
        ([AWAY, AWAY], True, "NOT AUDITED, the advisory service knows none of 2 packages"),
        ([SOUND, UNSAFE, AWAY], False, "jinja2 2.4: PYSEC-2014-8, PYSEC-2019-217"),
    ],
)
def test_a_pin_with_an_advisory_fails_and_an_absent_service_says_so(
    audit: ModuleType, packages: list[dict], passes: bool, said: str
) -> None:
    ok, line = audit.verdict("lock", audit.judge_python({"dependencies": packages}))
    assert (ok, "\n" in line) == (passes, False)
    assert said in line


def test_npm_fails_on_what_is_grave_and_not_on_silence(audit: ModuleType) -> None:
    counts = {"metadata": {"dependencies": {"total": 7}}}
    faults = {"koa": {"severity": "high"}, "ejs": {"severity": "low"}}
    grave = audit.verdict("npm", audit.judge_node(counts | {"vulnerabilities": faults}))
    assert grave == (False, "npm: known to be unsafe: koa: high")
    mild = counts | {"vulnerabilities": {"ejs": {"severity": "low"}}}
    assert audit.verdict("npm", audit.judge_node(mild))[0]
    for said, passes in (
        ("request to https://x/-/npm/v1 failed, reason: connect ECONNREFUSED 192.0.2.1:443", True),
        ("405 Method Not Allowed - POST https://x/-/npm/v1/security/advisories/bulk", True),
        ("this lock file is of no version that is known", False),
    ):
        ok, line = audit.audited("npm", lambda said=said: audit.judge_node({"message": said}))
        assert ok == passes
        assert line.startswith("npm: NOT AUDITED")


@pytest.mark.parametrize(
    ("program", "passes", "said"),
    [
        ("import time; time.sleep(30)", True, "the advisory service cannot be reached"),
        (
            "raise SystemExit('ERROR: Could not connect to the feed\\nTip: another one')",
            True,
            "the advisory service cannot be reached",
        ),
        ("print('{'); raise ValueError('of its own')", False, "failed: ValueError: of its own"),
        ("raise SystemExit(3)", False, "the auditor failed: it says nothing"),
    ],
    ids=["hangs", "away", "crashes", "silent"],
)
def test_an_auditor_without_a_report_fails_unless_it_cannot_ask(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, program: str, passes: bool, said: str
) -> None:
    monkeypatch.setattr(audit, "PATIENCE_S", 0.5 if "sleep" in program else 60)
    command = [sys.executable, "-c", program]
    ok, line = audit.audited("x", lambda: audit.judge_python(audit.report_of(command)))
    assert (ok, "\n" in line) == (passes, False)
    assert line.startswith("x: NOT AUDITED")
    assert said in line
