"""`make_env`: an environment by what people know, a robot's name."""

from collections.abc import Mapping
from pathlib import Path

from gaitway.contract import Contract
from gaitway.env.rewards import Reward
from gaitway.env.robot_env import RobotEnv
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.robots import DEFAULT_ROBOT
from gaitway.sim.world import World


def make_env(
    robot: Robot | str | Path = DEFAULT_ROBOT,
    *,
    task: str | None = None,
    contract: Contract | Policy | str | Path | None = None,
    observation: str = "flat",
    reward: Reward | str | None = None,
    command: Mapping[str, float] | None = None,
    world: World | None = None,
    episode_s: float = 20.0,
    backend: str = "sim",
    render_mode: str | None = None,
    width: int = 640,
    height: int = 480,
) -> RobotEnv:
    """A Gymnasium environment of a robot, by name or by the path of its profile.

    `contract` says what observation and action are: `joints` (goals of all joints, rad), a task, a contract or a
    policy of the robot's folder, a file, or a Contract or Policy. Left out it is that of `task`, which is `walk` where
    the robot has it; for a robot without tasks `joints`. `observation` is `flat`, exactly as a policy on the robot
    sees it, or `dict`, by names in SI units. `reward` is `task`, `simple`, or a function of a Moment. `command` holds
    for every episode (axis and value, m/s, rad/s, rad); left out, commands are drawn as in training. `world` has
    noise, pushes and variation. `backend` is `sim`, or `twin`: goals and samples go over the wire of emulated servos
    and IMU (Linux only), in lockstep with the physics. Raises UsageError for what there is not.
    """
    return RobotEnv(
        robot,
        task=task,
        contract=contract,
        observation=observation,
        reward=reward,
        command=command,
        world=world,
        episode_s=episode_s,
        backend=backend,
        render_mode=render_mode,
        width=width,
        height=height,
    )
