#!/bin/sh
# Writes both lock files anew from pyproject.toml. Needs uv; the files name no registry.
set -eu
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@" pyproject.toml
}
compile --extra checkout -o requirements.txt
compile --extra checkout --extra dev -c requirements.txt -o requirements-dev.txt
