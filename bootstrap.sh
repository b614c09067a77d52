#!/bin/sh
# Makes .venv from requirements.lock, from nothing, and may be interrupted anywhere; `make venv` calls it.
# Picks a Python, makes the environment, installs uv by hash, lets uv install the rest (pip where uv cannot).
set -eu
cd "$(dirname "$0")"
candidates="python3 python3.13 python3.12 python3.11"

stop() { printf '%s\n' "$*" >&2; exit 4; }

find_python() {
    # A list of names, split on purpose.
    for name in ${PYTHON:-$candidates}; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        printf '%s\n' "$name"
        return
    done
    stop "Looking for Python failed: none of these is 3.11 or later: ${PYTHON:-$candidates}." \
        "Next: install one (Debian, Ubuntu: apt-get install python3), or name it: make venv PYTHON=/path/to/python3."
}

# Debian splits ensurepip off into python3-venv.
need_ensurepip() {
    "$python" -c 'import venv, ensurepip' 2>/dev/null && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        stop "Making .venv failed: $python has no ensurepip. Next: install it" \
            "(Debian, Ubuntu: sudo apt-get install $package), then run make again."
    fi
    echo "installing $package with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"; } >.venv.log 2>&1 ||
        stop "Installing $package with apt-get failed: $(tail -n 3 .venv.log). Next: run apt-get install $package by hand."
    rm -f .venv.log
}

# The entry of uv in the lock, with its hashes.
install_uv() {
    sed -n '/^uv==/,/[^\\]$/p' requirements.lock >.venv/uv.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
}

sync_with_uv() {
    install_uv && .venv/bin/python -m uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
}

sync_with_pip() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
}

# Editable, so that pytest finds the plugin; needs no network, hatchling is in the lock.
install_project() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
}

python=$(find_python)
# An interrupted or moved environment is made anew: its scripts name the old folder.
if [ "$(cat .venv/folder 2>/dev/null || :)" != "$PWD" ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    need_ensurepip
    rm -rf .venv
    echo "making .venv with $("$python" --version)"
    "$python" -m venv .venv
    printf '%s\n' "$PWD" >.venv/folder
fi
# Programs that carry their own certificates also trust what this machine trusts.
export UV_SYSTEM_CERTS=1 UV_NO_PROGRESS=1
if [ -z "${PIP_CERT:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    export PIP_CERT=/etc/ssl/certs/ca-certificates.crt
fi
echo "installing what requirements.lock names"
if ! sync_with_uv; then
    echo "uv could not (its words are above); trying pip, which also reads pip.conf"
    sync_with_pip || stop "Installing requirements.lock failed; the reason is above." \
        "Expected: the Python package index, or pip and uv configured for a mirror of it. Next: mend that, run make again."
fi
install_project || stop "Installing the project itself into .venv failed; the reason is above." \
    "Next: mend pyproject.toml or the file it names, run make again."
touch .venv/complete
