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
        ([AWAY, AWAY], True, "NOT AUDITED"),
        ([], True, "NOT AUDITED"),
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
    assert "NOT AUDITED" in audit.verdict("npm", audit.judge_node({"error": {"code": "E"}}))[1]


def test_an_auditor_that_says_nothing_or_hangs_has_audited_nothing(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PATIENCE_S", 0.5)
    for program in ("raise SystemExit(3)", "import time; time.sleep(30)"):
        report = audit.report_of([sys.executable, "-c", program])
        assert "NOT AUDITED" in audit.verdict("x", audit.judge_python(report))[1]
