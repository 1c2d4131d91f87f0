"""The compiled loops: when they are compiled, and that it is once."""

import ast
import subprocess
import sys
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from geofence import clip, hotspots, sweep

PROGRAM = """
import sys
from numba.core.dispatcher import Dispatcher
import worlds
from geofence import clip, hotspots, sweep
from geofence.engine import run, warm_up
from geofence.model import Profile

def loops():
    found = [v for m in (clip, hotspots, sweep) for v in vars(m).values()]
    return {v.__name__: len(v.signatures) for v in found if isinstance(v, Dispatcher)}

warm_up()
compiled = loops()
assert len(compiled) > 8, compiled
assert max(compiled.values()) == 1, compiled
store = worlds.Store(worlds.prepared(), Profile())
fixes = worlds.track(*((15 * i, 12.0 * i - 400.0, 3.0) for i in range(80)))
for begin, end in ((0, 20), (30, 50), (20, 30), (50, 80)):
    store.take_in(fixes.take(slice(begin, end)))
assert store.visits
assert store.replays
assert loops() == compiled, loops()
"""


def test_warming_up_compiles_all_that_live_and_late_fixes_need() -> None:
    """A service that compiles in the middle of its work stands still meanwhile."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_no_loop_uses_what_another_module_defines() -> None:
    """What is kept on disk is made anew when its own file changes, and then only."""
    for module in (clip, hotspots, sweep):
        names = {
            name.asname or name.name
            for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geofence")
            for name in node.names
        }
        loops = [loop for loop in vars(module).values() if isinstance(loop, Dispatcher)]
        assert loops
        for loop in loops:
            assert not names & set(loop.py_func.__code__.co_names), loop
