"""What a client changes of a robot that runs: its policy, its trim, its mode; and the moments that it marks."""

import json
import time
from pathlib import Path

import pytest
from daemon_bench import Bench
from daemon_session import Session

import gaitway
from gaitway.api import Connection
from gaitway.errors import RefusedError
from gaitway.recording import Recording

pytestmark = pytest.mark.slow
WALK = gaitway.Robot.load().default_policy


def client_of(path: Path) -> tuple[Connection, int]:
    """A client and its lease."""
    client = Connection(path, client="test")
    client.request("subscribe", topics=["status", "joints"], rate_hz=50)
    return client, int(client.request("lease", source="network", seconds=10)["lease"])


def until(client: Connection, **values: object) -> dict[str, object]:
    """The first status with these values; a generous limit against hanging."""
    end_s = time.monotonic() + 60
    count, _ = client.newest("status")
    while time.monotonic() < end_s:
        count, status = client.newest("status", after=count)
        if all(status[name] == value for name, value in values.items()):
            return status
    raise AssertionError(f"never {values}")


def test_a_policy_is_changed_on_a_limp_robot_which_stays_limp(tmp_path: Path, binary: None) -> None:
    bench, path = Bench(tmp_path), tmp_path / "api.sock"
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "mine.onnx").write_bytes(WALK.read_bytes())
    (policies / "broken.onnx").write_bytes(b"no ONNX")
    process = bench.start("--no-record", "--socket", str(path), "--policies", str(policies))
    try:
        with Session(process) as session:
            session.until("state", to="running")
            client, lease = client_of(path)
            listed = client.request("policies")["policies"]
            assert [(row["name"], row["runs"]) for row in listed] == [
                ("broken", False), ("mine", False), ("stand", False), ("walk", True),
            ]  # fmt: skip
            client.request("mode", mode="limp")
            until(client, state="limp")
            with pytest.raises(RefusedError, match="one of broken, mine, stand, walk"):
                client.request("policy", name="../walk", lease=lease)
            with pytest.raises(RefusedError, match="ONNX"):
                client.request("policy", name="broken", lease=lease)
            with pytest.raises(RefusedError, match="expected a lease of this client"):
                client.request("policy", name="mine", lease=lease + 1)
            client.request("policy", name="mine", lease=lease)
            client.close()
            said = session.until("local API")
            assert any(event["event"] == "starting again" and event["policy"] == "mine" for event in said)
            assert session.process.poll() is None, "it is the same process"
            client, lease = client_of(path)
            assert client.hello["contract"] == "gaitway_walk"
            (runs,) = [row for row in client.request("policies")["policies"] if row["runs"]]
            assert (runs["name"], runs["file"]) == ("mine", str(policies / "mine.onnx"))
            for _ in range(20):
                assert client.newest("status")[1]["state"] in {"off", "limp"}, "nobody asked it up"
                time.sleep(0.02)
            client.request("mode", mode="run", lease=lease)
            until(client, state="running")
            client.close()
            session.stop()
    finally:
        bench.close()


def test_a_robot_that_was_stopped_does_not_start_again(tmp_path: Path, binary: None) -> None:
    bench, path = Bench(tmp_path), tmp_path / "api.sock"
    try:
        with Session(bench.start("--no-record", "--socket", str(path))) as session:
            session.until("state", to="running")
            client, lease = client_of(path)
            client.request("stop")
            until(client, state="limp", stopped=True)
            with pytest.raises(RefusedError, match="emergency stop is set"):
                client.request("policy", name="stand", lease=lease)
            client.close()
            session.stop()
    finally:
        bench.close()


def test_a_trim_and_a_mark_and_off(tmp_path: Path, binary: None) -> None:
    bench, path, kept = Bench(tmp_path), tmp_path / "api.sock", tmp_path / "kept"
    try:
        with Session(bench.start("--record", str(kept), "--socket", str(path))) as session:
            session.until("state", to="running")
            client, lease = client_of(path)
            with pytest.raises(RefusedError, match=r"axes\.jump"):
                client.request("trim", lease=lease, axes={"jump": 1.0})
            client.request("trim", lease=lease, axes={"wz": 0.05}, gait_speed=0.1)
            assert until(client)["trim"] == {"axes": {"wz": pytest.approx(0.05)}, "gait_speed": pytest.approx(0.1)}

            def command(number: int, **axes: float) -> None:
                deadline_ns = client.request("clock")["clock_ns"] + 900_000_000
                client.request("command", lease=lease, sequence=number, deadline_ns=deadline_ns, axes=axes)

            command(1, vx=0.1)
            moving = until(client, owner="network")
            assert moving["lease_holder"] == "test"
            assert moving["command"]["wz"] == pytest.approx(0.05)  # type: ignore[index]
            command(2)
            end_s = time.monotonic() + 20
            number = 2
            while until(client, owner="network")["command"]["wz"] != 0.0:  # type: ignore[index]
                assert time.monotonic() < end_s, "at rest it does not creep"
                number += 1
                command(number)
            client.request("mark", text="it slipped")
            session.until("mark", text="it slipped")
            session.until("the last minute was kept")
            client.request("mode", mode="off", lease=lease)
            until(client, state="limp")
            client.close()
            session.stop()
        marked = [file for file in kept.iterdir() if file.name.endswith("-mark.mcap")]
        assert len(marked) == 1
        assert b"it slipped" in marked[0].read_bytes()
        again = Recording.load(marked[0]).verify()
        assert again.different == 0 and again.same > 100
    finally:
        bench.close()


def test_a_robot_that_is_up_goes_over_to_another_policy_and_a_bad_file_changes_nothing(
    tmp_path: Path, binary: None
) -> None:
    bench, path, kept = Bench(tmp_path), tmp_path / "api.sock", tmp_path / "kept"
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "mine.onnx").write_bytes(WALK.read_bytes())
    (policies / "garbage.onnx").write_bytes(b"no ONNX")
    (policies / "gone.onnx").write_bytes(WALK.read_bytes())
    arm = gaitway.Robot.load("so101")
    (policies / "arm.onnx").write_bytes(arm.default_policy.read_bytes())
    process = bench.start("--record", str(kept), "--socket", str(path), "--policies", str(policies))
    try:
        with Session(process) as session:
            session.until("state", to="running")
            client, lease = client_of(path)
            (policies / "gone.onnx").unlink()
            until(client, state="running")
            for name, told in (("garbage", "ONNX"), ("arm", "so101"), ("gone", "gone.onnx"), ("none", "one of")):
                with pytest.raises(RefusedError, match=told) as refused:
                    client.request("policy", name=name, lease=lease)
                assert refused.value.hint
            (runs,) = [row["name"] for row in client.request("policies")["policies"] if row["runs"]]
            assert runs == "walk" and until(client)["state"] == "running", "nothing has changed"
            for name in ("mine", "stand", "walk"):
                client.request("policy", name=name, lease=lease)
                (runs,) = [row["name"] for row in client.request("policies")["policies"] if row["runs"]]
                assert runs == name
                assert until(client)["state"] == "running", "it goes on"
                time.sleep(0.5)
            client.close()
            said = session.stop()
    finally:
        bench.close()
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["loop_allocations"] == 0, "what is replaced is neither made nor freed on the loop's thread"
    assert sum(event["event"] == "another policy has taken over" for event in said) == 3
    recordings = [Recording.load(file) for file in sorted(kept.iterdir())]
    assert len(recordings) == 4
    for recording in recordings:
        again = recording.verify()
        assert again.different == 0 and again.skipped == 0 and again.same > 10
    assert [recording.notes.get("policies") for recording in recordings] == ["walk stand", None, None, "walk stand"]
