"""Our drivers in front of the kernel's own: I2C, GPIO, PWM and input devices, in a machine under emulation."""

from pathlib import Path

import kernel_machine
import pytest


def test_the_drivers_do_well_before_a_real_kernel(tmp_path: Path, binary: None) -> None:
    missing = kernel_machine.missing()
    if missing is not None:
        pytest.skip(missing)
    code, report = kernel_machine.run_tests(tmp_path)
    print(report)
    assert code == 0, report
