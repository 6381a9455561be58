"""These tests run inside the machine that test_kernel.py starts, where the board is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_bench import Bench
from kernel_board import BUS, KernelBoard, Wires

if not Path("/dev/board-lines").exists():
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def wires(tmp_path: Path, binary: None) -> Iterator[tuple[Bench, Wires]]:
    """A twin whose chip hangs on the kernel's bus."""
    bench = Bench(tmp_path, has_chip=True)
    wires = Wires(bench.socket)
    bench.imu = ("--imu", str(BUS))
    yield bench, wires
    wires.close()
    bench.close()


@pytest.fixture
def board() -> Iterator[KernelBoard]:
    board = KernelBoard()
    yield board
    board.close()
