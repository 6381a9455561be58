"""What the core is told of noise, delays and commands."""

from typing import TYPE_CHECKING

from gaitway.robot import Robot
from gaitway.sim.description import Description
from gaitway.sim.senses import position_noise
from gaitway.sim.world import Noise
from gaitway.train.config import Config

if TYPE_CHECKING:
    from gaitway import _native


def disturbance_of(robot: Robot, description: Description, config: Config) -> "_native.BatchDisturbance":
    """Noise and delays, joint by joint."""
    noise = config.noise
    of_joints = Noise(joint_position_rad=noise.joint_position_rad, joint_position_by_part_rad=noise.parts_rad)
    return {
        "gyro_rps": noise.gyro_rps,
        "accel_mps2": noise.accel_mps2,
        "joint_position_rad": position_noise(robot.joint_names, description, of_joints).tolist(),
        "joint_velocity_rps": noise.joint_velocity_rps,
        "joint_zero_rad": noise.joint_zero_rad,
        "late_goals": list(noise.late_goals),
        "late_imu": noise.late_imu,
        "lost_answers": noise.lost_answers,
    }


def commands_of(config: Config, rate_hz: int) -> "_native.BatchCommands":
    """What commands are drawn from, times in ticks."""
    commands = config.commands
    shortest, longest = (max(1, round(seconds * rate_hz)) for seconds in commands.hold_s)
    return {
        "still": commands.still,
        "one_axis": commands.one_axis,
        "at_limit": commands.at_limit,
        "head_still": commands.head_still,
        "hold_ticks": (shortest, longest),
    }
