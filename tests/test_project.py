"""What the project says of itself holds: its settings, its version, what is in the wheel."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import app
from app.settings import Settings

ROOT = Path(__file__).parents[1]


def test_the_readme_lists_every_setting_and_no_other() -> None:
    section = (ROOT / "README.md").read_text().split("## Settings")[1].split("##")[0]
    listed = re.findall(r"`([A-Z_]+)`(?=[^|]*\|[^|]*\|)", section)
    first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    listed = [name for cell in first_cells for name in re.findall(r"`([A-Z_]+)`", cell)]
    assert sorted(listed) == sorted(name.upper() for name in Settings.model_fields)


def test_the_version_is_the_same_everywhere() -> None:
    assert f'version = "{app.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_neither_lock_file_names_a_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        locked = (ROOT / name).read_text()
        assert "://" not in locked
        assert locked.count("==") < locked.count("--hash=sha256:")


def test_the_wheel_holds_all_packages_the_templates_and_the_migrations(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    sources = [
        path
        for package in ("app", "geofence", "ingest", "simulator")
        for path in (ROOT / package).rglob("*.py")
    ]
    sources += [path for path in (ROOT / "app/reports/templates").rglob("*") if path.is_file()]
    assert {str(path.relative_to(ROOT)) for path in sources} <= held
    migrations = {
        f"app/migrations/{path.relative_to(ROOT / 'alembic')}"
        for path in (ROOT / "alembic").rglob("*")
        if path.suffix in {".py", ".sql"}
    }
    assert migrations
    assert migrations <= held
