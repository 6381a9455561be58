#!/bin/sh
# Checks that the tools `make` cannot install are there, and says how to get each that is not.
set -u
missing=0

need() { # what, remedy
    echo "missing: $1" >&2
    echo "   get it: $2" >&2
    missing=1
}

PYTHON=${PYTHON:-python3}
if ! command -v "$PYTHON" >/dev/null 2>&1; then
    need "Python 3.11 or newer ($PYTHON)" "apt-get install python3 python3-venv, or make PYTHON=/path/to/python3.11"
elif ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    need "Python 3.11 or newer ($("$PYTHON" --version) found)" "make PYTHON=/path/to/a/newer/python3"
elif ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    need "Python's venv module" "apt-get install python3-venv"
fi

if ! command -v cargo >/dev/null 2>&1; then
    need "a Rust toolchain, 1.89 or newer" "install rustup as rust-lang.org says, then rustup toolchain install stable"
else
    minor=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
    if [ "$minor" -lt 89 ] 2>/dev/null; then
        need "Rust 1.89 or newer ($(rustc --version) found)" "rustup update stable"
    fi
fi

if ! command -v cc >/dev/null 2>&1; then
    need "a C compiler, which Rust links with" "apt-get install gcc"
fi

exit $missing
