"""Where a robot's joints, feet and IMU lie in MuJoCo's arrays."""

import mujoco
import numpy as np

from gaitway.robot import Robot


class Layout:
    """Addresses of one robot in one model."""

    def __init__(self, model: mujoco.MjModel, robot: Robot) -> None:
        joints = [model.joint(name) for name in robot.joint_names]
        self.qpos = np.array([joint.qposadr[0] for joint in joints])
        self.qvel = np.array([joint.dofadr[0] for joint in joints])
        names = {model.joint(joint).name for joint in range(model.njnt)}
        play = [i for i, name in enumerate(robot.joint_names) if f"{name}_backlash" in names]
        self.backlash_joints = np.array(play, dtype=np.intp)
        self.backlash_qpos = np.array(
            [model.joint(f"{robot.joint_names[i]}_backlash").qposadr[0] for i in play], dtype=np.intp
        )
        self.floor = model.geom("floor").id
        self.soles = np.array([model.geom("left_sole").id, model.geom("right_sole").id])
        gyro, accelerometer = model.sensor("gyro").adr[0], model.sensor("accelerometer").adr[0]
        self.imu = np.array([gyro, gyro + 1, gyro + 2, accelerometer, accelerometer + 1, accelerometer + 2])
