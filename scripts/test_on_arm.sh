#!/bin/sh
# Runs the core's tests as an aarch64 program under emulation: the same bits, or they fail.
# Needs `rustup target add aarch64-unknown-linux-musl` and qemu-aarch64-static (Debian: qemu-user-static).
set -eu
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-musl
qemu=${QEMU:-qemu-aarch64-static}
command -v "$qemu" >/dev/null || { echo "missing: $qemu (apt-get install qemu-user-static, or QEMU=/path/to/it)" >&2; exit 1; }

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUNNER="$qemu"
export GAITWAY_FUZZ_ITERATIONS="${GAITWAY_FUZZ_ITERATIONS:-1000}"
exec cargo test --release --target "$target" \
    -p gaitway-maths -p gaitway-model -p gaitway-policy -p gaitway-control -p gaitway-record "$@"
