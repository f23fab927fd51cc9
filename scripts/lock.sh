#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml: exact versions, hashes of every wheel, no index address.
# One lock holds for CPython 3.11 to 3.13 on x86_64 and aarch64. Run it after a change of a dependency.
set -eu
cd "$(dirname "$0")/.."

tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet uv==0.13.9

lock() { # lock FILE OPTION...
    file=requirements/$1
    shift
    "$tool/bin/uv" --quiet pip compile --universal --python-version 3.11 --only-binary :all: \
        --generate-hashes --no-annotate --no-header --no-emit-index-url --output-file "$file" "$@"
    if grep -n '://' "$file"; then
        echo "$file names an address; a closed network could not use it." >&2
        exit 1
    fi
}

lock run.txt pyproject.toml --group build
lock dev.txt pyproject.toml --group build --group dev
lock node.txt --group node
