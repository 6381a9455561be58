"""What trainers write beside their policies: Isaac Lab's deploy.yaml and env.yaml, legged_gym's task and deployment."""

from typing import Any

Json = dict[str, Any]
#: Breadth-first, as numbers of motors: hips of FL, FR, RL, RR, then their thighs, then their calves.
ORDER = [3, 0, 9, 6, 4, 1, 10, 7, 5, 2, 11, 8]
POSE = [0.1, -0.1, 0.1, -0.1, 0.8, 0.8, 1.0, 1.0, -1.5, -1.5, -1.5, -1.5]
ENV = """
sim: {dt: 0.005, gravity: !!python/tuple [0.0, 0.0, -9.81]}
decimation: 4
scene:
  robot:
    init_state:
      joint_pos: {.*L_hip_joint: 0.1, .*R_hip_joint: -0.1, 'F[L,R]_thigh_joint': 0.8, R.*_thigh_joint: 1.0,
        .*_calf_joint: -1.5}
    actuators:
      legs:
        joint_names_expr: ['.*_(hip|thigh)_joint', '.*_calf_joint']
        stiffness: {'.*_hip_joint': 25.0, '.*_thigh_joint': 26.0, '.*_calf_joint': 27.0}
        damping: 0.5
    joint_sdk_names: [FR_hip_joint, FR_thigh_joint, FR_calf_joint, FL_hip_joint, FL_thigh_joint, FL_calf_joint,
      RR_hip_joint, RR_thigh_joint, RR_calf_joint, RL_hip_joint, RL_thigh_joint, RL_calf_joint]
observations:
  policy:
    history_length: null
    base_ang_vel: {func: 'isaaclab.envs.mdp.observations:base_ang_vel', scale: 0.2, history_length: 0,
      clip: !!python/tuple [-100, 100]}
    projected_gravity: {func: 'isaaclab.envs.mdp.observations:projected_gravity', scale: null, history_length: 0}
    velocity_commands: {func: 'isaaclab.envs.mdp.observations:generated_commands', scale: null, history_length: 0}
    joint_pos: {func: 'isaaclab.envs.mdp.observations:joint_pos', scale: null, history_length: 0}
    joint_vel: {func: 'isaaclab.envs.mdp.observations:joint_vel_rel', scale: 0.05, history_length: 0}
    actions: {func: 'isaaclab.envs.mdp.observations:last_action', scale: null, history_length: 0}
events:
  push: {ids: !!python/object/apply:builtins.slice [null, null, null]}
actions:
  joint_pos: {scale: 0.5, offset: 0.0, use_default_offset: true}
"""
TASK = """
from legged_gym.envs.base.legged_robot_config import LeggedRobotCfg, LeggedRobotCfgPPO
import os
os.system("touch {trap}")

class RoughCfg(LeggedRobotCfg):
    class init_state(LeggedRobotCfg.init_state):
        default_joint_angles = {{'FL_hip_joint': 0.1, 'FR_hip_joint': -0.1, 'FL_thigh_joint': 0.8}}

    class control(LeggedRobotCfg.control):
        control_type = 'P'
        stiffness = {{'joint': 20.}}
        damping = {{'joint': 0.5}}
        action_scale = 0.25
        decimation = 2 * 2

    class normalization(LeggedRobotCfg.normalization):
        class obs_scales:
            lin_vel, unpacked = 1.0, 2.0
            dof_vel = 0.1
        clip_observations = 50.
        clip_actions = os.cpu_count()

class FlatCfg(RoughCfg):
    class commands(LeggedRobotCfg.commands):
        class ranges(LeggedRobotCfg.commands.ranges):
            lin_vel_x = [-0.5, 1.5]
            ang_vel_yaw = [-1.0, +1.0]

class FlatCfgPPO(LeggedRobotCfgPPO):
    seed = 1
"""
DEPLOYMENT = """
control_dt: 0.02
leg_joint2motor_idx: [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]
kps: [20, 20, 40, 20, 20, 40, 20, 20, 40, 20, 20, 40]
kds: [0.5, 0.5, 1, 0.5, 0.5, 1, 0.5, 0.5, 1, 0.5, 0.5, 1]
default_angles: [0.1, 0.8, -1.5, -0.1, 0.8, -1.5, 0.1, 1.0, -1.5, -0.1, 1.0, -1.5]
ang_vel_scale: 0.25
dof_pos_scale: 1.0
dof_vel_scale: 5e-2
action_scale: 0.25
cmd_scale: [0.25, 0.25, 0.25]
num_actions: 12
num_obs: 45
"""


def term(count: int, scale: float = 1.0, history: int = 1, clip: list[float] | None = None) -> Json:
    return {"params": {}, "clip": clip, "scale": [scale] * count, "history_length": history}


def deploy(history: int = 1, **changes: Any) -> Json:
    """As the exporter of Unitree's tasks writes it."""
    return {
        "joint_ids_map": ORDER,
        "step_dt": 0.02,
        "stiffness": [25.0 + motor for motor in range(12)],
        "damping": [0.5] * 12,
        "default_joint_pos": POSE,
        "commands": {
            "base_velocity": {"ranges": {"lin_vel_x": [-1.0, 1.0], "lin_vel_y": [-0.4, 0.4], "heading": None}}
        },
        "actions": {
            "JointPositionAction": {"clip": None, "joint_names": [".*"], "scale": [0.25] * 12, "offset": POSE},
        },
        "observations": {
            "base_ang_vel": term(3, 0.2, history, clip=[-100.0, 100.0]),
            "projected_gravity": term(3, history=history),
            "velocity_commands": term(3, history=history),
            "joint_pos_rel": term(12, history=history),
            "joint_vel_rel": term(12, 0.05, history),
            "last_action": term(12, history=history),
        },
    } | changes
