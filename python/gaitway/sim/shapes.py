"""What a model looks like, as plain data for drawing elsewhere, and where its bodies are for given joint angles."""

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from gaitway.errors import SimulationError, UsageError
from gaitway.robot import Robot
from gaitway.sim.layout import Layout
from gaitway.sim.loader import description_of
from gaitway.sim.model import build_model
from gaitway.sim.trunk import POSE, pose_of

#: Groups of geoms that MuJoCo shows unless asked; others are what collides.
_SHOWN_GROUPS = 3
_KINDS = {
    mujoco.mjtGeom.mjGEOM_PLANE: "plane",
    mujoco.mjtGeom.mjGEOM_SPHERE: "sphere",
    mujoco.mjtGeom.mjGEOM_CAPSULE: "capsule",
    mujoco.mjtGeom.mjGEOM_ELLIPSOID: "ellipsoid",
    mujoco.mjtGeom.mjGEOM_CYLINDER: "cylinder",
    mujoco.mjtGeom.mjGEOM_BOX: "box",
    mujoco.mjtGeom.mjGEOM_MESH: "mesh",
}
#: The colour of a geom that states none: then its material's counts.
_UNSTATED_RGBA = np.array([0.5, 0.5, 0.5, 1.0], dtype=np.float32)
#: Digits after the point: a hundredth of a millimetre.
_DIGITS = 5


class RobotShapes:
    """The bodies of one robot: their shapes, and their poses for joint angles. Belongs to one thread at a time.

    Raises ProfileError or SimulationError for a robot folder without a model that fits.
    """

    def __init__(self, robot: Robot) -> None:
        description = description_of(robot)
        self._model = build_model(description)
        self._data = mujoco.MjData(self._model)
        self._layout = Layout(self._model, description, robot.joint_names)
        if self._model.nkey == 0:
            raise SimulationError(f"{description.model}: expected a keyframe, found none", hint="add <keyframe>")
        mujoco.mj_resetDataKeyframe(self._model, self._data, 0)
        mujoco.mj_kinematics(self._model, self._data)
        #: Position and quaternion (w, x, y, z) of the base [7] as it stands in its default pose, m.
        self.standing_base: list[float] = pose_of(self._data, self._layout).tolist()
        shown = (self._model.geom_group < _SHOWN_GROUPS) & (self._model.geom_bodyid != 0)
        self._geoms: NDArray[np.intp] = np.flatnonzero(shown)
        self._floor_m = self._lowest_m()
        #: How many bodies it has, the world's included.
        self.bodies: int = self._model.nbody
        #: What a camera should look at while the robot stands [3], and how large it is, m.
        self.centre_m: list[float] = self._model.stat.center.tolist()
        self.extent_m: float = float(self._model.stat.extent)

    def shapes(self) -> list[dict[str, Any]]:
        """Every visible geom: body, kind, size [3], position [3] and quaternion [4] in the body, rgba [4].

        Sizes are MuJoCo's: half lengths, radius first, m. A mesh has `vertices` [3k], m, `normals` [3j],
        and for the corners of its faces the indices into both, `corners` and `corner_normals` [3f].
        """
        model = self._model
        shown = [geom for geom in range(model.ngeom) if model.geom_group[geom] < _SHOWN_GROUPS]
        shapes = []
        for geom in shown:
            kind = _KINDS.get(mujoco.mjtGeom(int(model.geom_type[geom])))
            rgba = self._rgba(geom)
            if kind is None or rgba[3] == 0:
                continue
            shape: dict[str, Any] = {
                "body": int(model.geom_bodyid[geom]),
                "kind": kind,
                "size": _rounded(model.geom_size[geom]),
                "position": _rounded(model.geom_pos[geom]),
                "quaternion": _rounded(model.geom_quat[geom]),
                "rgba": _rounded(rgba),
            }
            shapes.append(shape | (self._mesh(int(model.geom_dataid[geom])) if kind == "mesh" else {}))
        return shapes

    def poses(self, joint_rad: Sequence[float], base: Sequence[float] | None) -> list[float]:
        """Position and quaternion (w, x, y, z) of every body [7 * bodies], m, for joint angles [n], rad.

        `base` is the pose of the base [7]; where None it stands. An angle that is not a number counts as zero.
        """
        joints = np.asarray(joint_rad, dtype=np.float64)
        if joints.shape != self._layout.qpos.shape:
            found = f"expected {len(self._layout.qpos)} joint angles, found shape {joints.shape}"
            raise UsageError(f"poses: {found}", hint="pass them in the order of Robot.joint_names")
        data = self._data
        data.qpos[self._layout.qpos] = np.nan_to_num(joints)
        if self._layout.trunk_qpos is not None:
            pose = np.asarray(self.standing_base if base is None else base, dtype=np.float64)
            if pose.shape != (POSE,):
                raise UsageError(f"base: expected {POSE} numbers, found shape {pose.shape}", hint="x, y, z, quaternion")
            pose_of(data, self._layout)[:] = np.nan_to_num(pose)
        mujoco.mj_kinematics(self._model, data)
        return _rounded(np.concatenate([data.xpos, data.xquat], axis=1).ravel())

    def on_floor(self, joint_rad: Sequence[float], up: Sequence[float] | None) -> list[float] | None:
        """The pose of the base [7] of a robot that touches the floor with these joint angles [n], rad, where it stood.

        `up` is the world's up direction in the trunk frame [3]; it stands upright where that is None. None for a robot
        whose base is fixed.
        """
        if self._layout.trunk_qpos is None:
            return None
        base = base_pose(self.standing_base[:3], 0.0, up)
        self.poses(joint_rad, base)
        base[2] += self._floor_m - self._lowest_m()
        return base

    def _lowest_m(self) -> float:
        """Height of the lowest corner of the boxes around what is shown, m."""
        down = self._data.geom_xmat[self._geoms, 6:9]
        centre, half = np.split(self._model.geom_aabb[self._geoms], 2, axis=1)
        lowest = self._data.geom_xpos[self._geoms, 2] + (down * centre - np.abs(down) * half).sum(axis=1)
        return float(lowest.min()) if len(lowest) else 0.0

    def _rgba(self, geom: int) -> NDArray[np.float32]:
        rgba: NDArray[np.float32] = self._model.geom_rgba[geom]
        material = int(self._model.geom_matid[geom])
        if material >= 0 and np.array_equal(rgba, _UNSTATED_RGBA):
            rgba = self._model.mat_rgba[material]
        return rgba

    def _mesh(self, mesh: int) -> dict[str, list[float] | list[int]]:
        model = self._model
        vertex, normal, face = model.mesh_vertadr[mesh], model.mesh_normaladr[mesh], model.mesh_faceadr[mesh]
        faces = slice(face, face + model.mesh_facenum[mesh])
        return {
            "vertices": _rounded(model.mesh_vert[vertex : vertex + model.mesh_vertnum[mesh]].ravel()),
            "normals": _rounded(model.mesh_normal[normal : normal + model.mesh_normalnum[mesh]].ravel()),
            "corners": model.mesh_face[faces].ravel().tolist(),
            "corner_normals": model.mesh_facenormal[faces].ravel().tolist(),
        }


def base_pose(position_m: Sequence[float], yaw_rad: float, up: Sequence[float] | None) -> list[float]:
    """Position and quaternion (w, x, y, z) [7] of a trunk that heads to `yaw_rad`.

    `up` is the world's up direction in the trunk frame [3]; upright where it is None or not a number.
    """
    tilt = np.array([1.0, 0.0, 0.0, 0.0])
    x, y, z = (0.0, 0.0, 1.0) if up is None else up
    length = float(np.sqrt(x * x + y * y + z * z))
    # The shortest turn that brings `up` to the z axis; one that hangs head down turns about x.
    if np.isfinite(length) and length > 0:
        tilt = np.array([length + z, y, -x, 0.0])
        tilt = tilt / np.linalg.norm(tilt) if np.linalg.norm(tilt) > 1e-9 else np.array([0.0, 1.0, 0.0, 0.0])
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, tilt)
    half = 0.5 * (float(np.nan_to_num(yaw_rad)) - float(np.arctan2(matrix[3], matrix[0])))
    pose = np.empty(POSE)
    pose[:3] = np.nan_to_num(position_m)
    quaternion = np.empty(4)
    mujoco.mju_mulQuat(quaternion, np.array([np.cos(half), 0.0, 0.0, np.sin(half)]), tilt)
    pose[3:] = quaternion
    return pose.tolist()


def _rounded(values: NDArray[Any]) -> list[float]:
    return np.round(values.astype(np.float64), _DIGITS).tolist()  # type: ignore[no-any-return]
