"""Fits the weights by which the duck's profile estimates the force its legs carry: python scripts/fit_support.py

Ducks walk and stand on the simulated floor, and are lifted while their policies run. The floor's true force is fitted
by a sum over the torques of hips, knees and ankles, the legs being mirror images; then the estimate is smoothed as
the runtime does it, and shown for both.
"""

import random
from array import array

import numpy as np

import gaitway
from gaitway.sim import RobotSim
from gaitway.sim.stand import Stand

SECONDS = 12.0
LIFTED_S = 5.0
#: How long after the lift the estimate may still fall, s.
SETTLED_S = 1.0
SMOOTH_S = 0.3
# Left leg, right leg, and the sign by which their torques add up.
PAIRS = (
    ("left_hip_pitch", "right_hip_pitch", -1.0),
    ("left_knee", "right_knee", 1.0),
    ("left_ankle", "right_ankle", 1.0),
)


def play(seed: int, *, lift: bool) -> np.ndarray:
    """Rows of torques [3] in N·m, the floor's force in N, and seconds since the lift (not a number before)."""
    chance = random.Random(seed)
    robot = gaitway.Robot.load()
    controller = gaitway.Controller(gaitway.Policy.default(robot), robot)
    sim = RobotSim(robot, seed=seed)
    sim.set_gains(controller.gains)
    names = robot.joint_names
    stiffness = [robot.stiffness_per_kp * kp for kp, _ in controller.gains]
    goals = array("f", robot.default_pose_rad)
    rows, stand, left_s, command = [], None, 0.0, gaitway.command()
    for tick in range(round(SECONDS * robot.control_hz)):
        now_s = tick / robot.control_hz
        if left_s <= 0:
            left_s = chance.uniform(0.3, 3.0)
            moves = chance.random() < 0.5
            speeds = (chance.uniform(-0.15, 0.15), chance.uniform(-0.2, 0.2), chance.uniform(-1.0, 1.0))
            command = gaitway.command(*speeds) if moves else gaitway.command()
        left_s -= 1 / robot.control_hz
        sensors = sim.sense()
        position = np.frombuffer(sensors.row, dtype=np.float32)[9 : 9 + len(names)]
        torque = np.array(stiffness) * (np.array(goals) - position)
        pairs = [torque[names.index(left)] + sign * torque[names.index(right)] for left, right, sign in PAIRS]
        rows.append([*pairs, sim.floor_force_n(), now_s - LIFTED_S if stand is not None else np.nan])
        # As on a robot without foot switches.
        sensors.foot_contact[0] = sensors.foot_contact[1] = 1.0
        goals = array("f", controller.step(sensors, command))
        if lift and stand is None and now_s >= LIFTED_S:
            stand = Stand(sim)
        sim.step(goals, None if stand is None else lambda stand=stand: stand.hold(1.0))
        if sim.fallen:
            break
    return np.array(rows)


def smooth(force_n: np.ndarray) -> np.ndarray:
    """The estimate as the runtime has it."""
    result, value = np.empty_like(force_n), force_n[0]
    for index, now in enumerate(force_n):
        value += (now - value) * 0.02 / SMOOTH_S
        result[index] = value
    return result


def main() -> None:
    ground = [play(seed, lift=False) for seed in range(24)]
    lifted = [play(seed + 100, lift=True) for seed in range(24)]
    rows = np.concatenate([*ground, *(run[run[:, 4] >= 0] for run in lifted)])
    known = np.column_stack([rows[:, :3], np.ones(len(rows))])
    weights = np.linalg.lstsq(known, rows[:, 3], rcond=None)[0]
    for (left, right, sign), per_m in zip(PAIRS, weights, strict=False):
        print(f"{left} {per_m:+.2f}/m, {right} {sign * per_m:+.2f}/m")
    print(f"constant {weights[3]:.2f} N")

    def estimate(run: np.ndarray) -> np.ndarray:
        return smooth(run[:, :3] @ weights[:3] + weights[3])

    floor = np.concatenate([estimate(run) for run in ground])
    air = np.concatenate([estimate(run)[run[:, 4] >= SETTLED_S] for run in lifted])
    least_n, low_n, median_n = floor.min(), np.percentile(floor, 0.1), np.median(floor)
    print(f"on the floor: least {least_n:.1f} N, 1 of 1000 below {low_n:.1f}, median {median_n:.1f}")
    print(f"lifted: median {np.median(air):.1f} N, 1 of 100 above {np.percentile(air, 99):.1f}, most {air.max():.1f}")


if __name__ == "__main__":
    main()
