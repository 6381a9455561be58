"""The servo bus behind a USB adaptor of the kernel's own kind, whose cable is pulled."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from daemon_bench import Bench
from daemon_session import Session
from kernel_board import Cable
from program import wait_until


@pytest.fixture
def cable(bench: Bench) -> Iterator[Cable]:
    cable = Cable(bench.link)
    wait_until(cable.PORT.exists)
    yield cable
    cable.close()


def test_the_bus_is_found_and_audited(cable: Cable) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "motors", "audit", "--port", str(cable.PORT), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    said = json.loads(done.stdout)
    assert len(said["joints"]) == 14 and not said["silent"], said


def test_a_cable_that_is_pulled_is_told_and_one_that_is_put_back_is_used(bench: Bench, cable: Cable) -> None:
    bench.link = cable.PORT
    with Session(bench.start("--no-record"), limit_s=60) as session:
        session.until("state", to="limp")
        bench.wait_writes(50)
        for _ in range(2):
            cable.plug(is_in=False)
            (gone,) = [event for event in session.until("port gone") if event["event"] == "port gone"]
            wait_until(lambda: not cable.PORT.exists())
            # No hand is faster.
            time.sleep(0.5)
            cable.plug(is_in=True)
            session.until("port back")
            bench.wait_writes(50)
        session.stop()
    assert gone["hint"]
