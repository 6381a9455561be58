"""The names by which Gymnasium knows the robots that ship."""

import gymnasium

from gaitway.robot import Robot


def env_id(robot: str) -> str:
    """The environment's name of a robot: `gaitway/QuickBirdV2-v0` of the folder `quick_bird_v2`."""
    return f"gaitway/{''.join(part.capitalize() for part in robot.split('_'))}-v0"


#: Environment of each robot that ships, by the robot's name.
ENV_IDS = {robot: env_id(robot) for robot in Robot.names()}


def register() -> None:
    """Makes the environments known to `gymnasium.make` and `gymnasium.make_vec`; once is enough."""
    for robot, name in ENV_IDS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                id=name,
                entry_point="gaitway.env.robot_env:RobotEnv",
                vector_entry_point="gaitway.env.batch_env:BatchEnv",
                kwargs={"robot": robot},
            )
