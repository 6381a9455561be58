"""Over its servo bus a policy walks as in lockstep; and a policy that walks worse there is told."""

from gaitway import Policy, Robot
from gaitway.bench import wire


def test_the_duck_walks_over_the_wire_as_in_lockstep() -> None:
    robot = Robot.load()
    told: list[int] = []
    result = wire.measure_wire(Policy.load(robot.default_policy), robot, 8.0, lambda _, done, total: told.append(done))
    assert told == list(range(9))
    for run in result["runs"]:
        for alone, wired, most in zip(
            *(run[way]["velocity"] for way in ("lockstep", "wire")), (0.02, 0.02, 0.1), strict=True
        ):
            assert abs(alone - wired) < most, run
    assert all(mark["passed"] for mark in result["marks"]), result["marks"]


def test_a_wire_that_makes_it_worse_or_lets_it_fall_misses_its_marks() -> None:
    good = {"lockstep": {"vx": 0.01, "vy": 0.01, "wz": 0.1}, "wire": {"vx": 0.014, "vy": 0.014, "wz": 0.2}}
    assert all(mark["passed"] for mark in wire._marks(good, 0))
    assert [mark["passed"] for mark in wire._marks(good, 1)] == [True, True, False]
    worse = {"lockstep": good["lockstep"], "wire": {"vx": 0.016, "vy": 0.0, "wz": 0.0}}
    assert [mark["passed"] for mark in wire._marks(worse, 0)] == [False, True, True]
