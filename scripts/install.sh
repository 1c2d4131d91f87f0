#!/bin/sh
# Makes .venv from a lock file and puts this checkout into it. Needs Python >= 3.11 and nothing else.
# Usage: scripts/install.sh requirements.txt
set -eu
cd "$(dirname "$0")/.."
lock=$1

fail() { printf '%s\n' "$1" >&2; exit 1; }

find_python() {
  for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

if [ ! -x .venv/bin/pip ]; then
  python=$(find_python)
  [ -n "$python" ] || fail "Beatkeeper needs Python 3.11 or later: none was found (Debian: apt-get install python3 python3-venv; or set PYTHON)."
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments: install its venv package (Debian: apt-get install python3-venv)."
  rm -rf .venv
  "$python" -m venv .venv || fail "$python -m venv failed: see above."
fi
echo "Installing what $lock lists ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
