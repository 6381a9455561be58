"""Where a robot's joints, trunk, contacts and IMU lie in MuJoCo's arrays."""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from gaitway.errors import SimulationError
from gaitway.sim.description import Description

_GEOM, _BODY, _SITE = mujoco.mjtObj.mjOBJ_GEOM, mujoco.mjtObj.mjOBJ_BODY, mujoco.mjtObj.mjOBJ_SITE
_JOINT, _SENSOR = mujoco.mjtObj.mjOBJ_JOINT, mujoco.mjtObj.mjOBJ_SENSOR
#: A model's range that differs from the profile's by no more was rounded, rad.
_RANGE_RAD = 0.01
_WORDS = {_GEOM: "geom", _BODY: "body", _SITE: "site", _JOINT: "joint", _SENSOR: "sensor"}


class Layout:
    """Addresses of one robot with these joints in one model. Raises SimulationError for a name the model lacks."""

    def __init__(self, model: mujoco.MjModel, description: Description, joint_names: Sequence[str]) -> None:
        _check_names(model, description, joint_names)
        joints = [model.joint(name) for name in joint_names]
        #: Addresses of the joints' angles and velocities [n].
        self.qpos = np.array([joint.qposadr[0] for joint in joints], dtype=np.intp)
        self.qvel = np.array([joint.dofadr[0] for joint in joints], dtype=np.intp)
        names = {model.joint(joint).name for joint in range(model.njnt)}
        play = [i for i, name in enumerate(joint_names) if f"{name}_backlash" in names]
        #: Indices of the joints with play, and the addresses of their play.
        self.backlash_joints = np.array(play, dtype=np.intp)
        self.backlash_qpos = np.array(
            [model.joint(f"{joint_names[i]}_backlash").qposadr[0] for i in play], dtype=np.intp
        )
        self.floor: int = model.geom(description.floor).id
        #: The soles' geoms [k], in the order of the robot's contacts.
        self.soles = np.array([model.geom(contact.geom).id for contact in description.contacts], dtype=np.intp)
        #: Their sites [k].
        self.sites = [model.site(contact.site).id for contact in description.contacts]
        #: First addresses of the trunk's pose [7] and velocity [6]; None where the base is fixed.
        self.trunk_qpos: int | None = None
        self.trunk_qvel: int | None = None
        if description.trunk is not None:
            free = model.joint(description.trunk.free_joint)
            self.trunk_qpos, self.trunk_qvel = int(free.qposadr[0]), int(free.dofadr[0])
        #: Addresses of gyro and accelerometer [6]; none where there is no IMU.
        self.imu: NDArray[np.intp] = np.array([], dtype=np.intp)
        if description.imu is not None:
            firsts = [model.sensor(name).adr[0] for name in (description.imu.gyro, description.imu.accelerometer)]
            self.imu = np.array([first + axis for first in firsts for axis in range(3)], dtype=np.intp)


def check_ranges(
    model: mujoco.MjModel,
    description: Description,
    joint_names: Sequence[str],
    limits_rad: Sequence[tuple[float, float]],
) -> None:
    """Raises SimulationError where joints of the model have other ranges than those of the profile."""
    wrong, is_degrees = [], False
    for name, limits in zip(joint_names, limits_rad, strict=True):
        joint = model.joint(name)
        if model.jnt_limited[joint.id] and not np.allclose(joint.range, limits, atol=_RANGE_RAD):
            low, high = joint.range
            wrong.append(f"{name}: expected {limits[0]:.3f} to {limits[1]:.3f} rad, found {low:.3f} to {high:.3f}")
            is_degrees = is_degrees or np.allclose(np.degrees(joint.range), limits, atol=_RANGE_RAD)
    if wrong:
        hint = '<compiler angle="radian"/>: without it MuJoCo reads degrees' if is_degrees else "correct the model"
        raise SimulationError(f"{description.model}: the profile's joint ranges: {'; '.join(wrong)}", hint=hint)


def _check_names(model: mujoco.MjModel, description: Description, joint_names: Sequence[str]) -> None:
    """Every name the description and the profile have must be the model's."""
    named = [(_GEOM, description.floor), *((_JOINT, name) for name in joint_names)]
    for contact in description.contacts:
        named += [(_GEOM, contact.geom), (_BODY, contact.body), (_SITE, contact.site)]
    if description.trunk is not None:
        named += [(_BODY, description.trunk.body), (_JOINT, description.trunk.free_joint)]
    if description.imu is not None:
        named += [(_SENSOR, description.imu.gyro), (_SENSOR, description.imu.accelerometer)]
    missing = [f"{_WORDS[kind]} {name}" for kind, name in named if mujoco.mj_name2id(model, kind, name) < 0]
    if missing:
        raise SimulationError(
            f"{description.model}: expected every name of profile and simulation.toml, found no {', '.join(missing)}",
            hint="name it in the model, or correct simulation.toml or the profile",
        )
    if description.trunk is not None:
        kind = model.joint(description.trunk.free_joint).type[0]
        if kind != mujoco.mjtJoint.mjJNT_FREE:
            raise SimulationError(
                f"{description.model}: trunk.free_joint {description.trunk.free_joint}: expected a free joint, "
                f"found {mujoco.mjtJoint(kind).name}",
                hint="give the trunk a <freejoint>, or leave [trunk] out for a fixed base",
            )
