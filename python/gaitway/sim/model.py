"""A robot's MJCF file made into a MuJoCo model, with or without the play in its gears."""

from dataclasses import dataclass
from pathlib import Path

import mujoco

from gaitway.errors import SimulationError
from gaitway.sim.physics import Physics, apply_physics

_FREE_JOINT_QPOS = 7


@dataclass(frozen=True, slots=True)
class Backlash:
    """Play in the gears: behind each named joint a second, weak one on the same axis, free in a small range.

    The gain belongs to it: with play, the same servo takes a stiffer spring to act as it was measured to.
    """

    joints: tuple[str, ...]
    half_range_rad: float
    damping_nm_s_per_rad: float
    armature_kg_m2: float
    kp_nm_per_rad: float


# Numbers of the Open Duck Mini project's own backlash model, in which the duck's policies are trained:
# half a degree to each side, in the legs only; 17.11 N·m/rad is the servos' register P = 32.
OPEN_DUCK_MINI_V2_BACKLASH = Backlash(
    joints=tuple(
        f"{side}_{joint}"
        for side in ("left", "right")
        for joint in ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ankle")
    ),
    half_range_rad=0.0087266,
    damping_nm_s_per_rad=0.01,
    armature_kg_m2=0.01,
    kp_nm_per_rad=17.11,
)
#: The same setting as it was identified without play, 13.37 N·m/rad: a share of the stiffness with it.
FLAT_STIFFNESS = 13.37 / OPEN_DUCK_MINI_V2_BACKLASH.kp_nm_per_rad


def build_model(
    xml_path: Path,
    *,
    backlash: bool = True,
    play: Backlash = OPEN_DUCK_MINI_V2_BACKLASH,
    physics: Physics | None = None,
) -> mujoco.MjModel:
    """Compiles the MJCF file at `xml_path`.

    With `backlash` each joint named in `play` is followed by `<joint>_backlash` (zero in the keyframes), and
    all actuators get the gain of `play`; the angle a joint truly stands at is then the sum of both.
    Without it the model is the file as it stands. `physics` changes how it is simulated.
    """
    try:
        spec = mujoco.MjSpec.from_file(str(xml_path))
        if backlash:
            add_backlash(spec, play)
        if physics is not None:
            apply_physics(spec, physics)
        model = spec.compile()
    except ValueError as error:
        raise SimulationError(f"{xml_path}: MuJoCo cannot use this model: {error}") from error
    if backlash:
        for joint_index in range(model.nu):
            set_gain(model, joint_index, play.kp_nm_per_rad)
    return model


def set_gain(model: mujoco.MjModel, joint_index: int, kp_nm_per_rad: float) -> None:
    """Sets the stiffness of the position actuator `joint_index` (policy order), from the next step on."""
    # MuJoCo's position actuator: force = gainprm[0] * ctrl + biasprm[1] * q.
    model.actuator_gainprm[joint_index, 0] = kp_nm_per_rad
    model.actuator_biasprm[joint_index, 1] = -kp_nm_per_rad


def add_backlash(spec: mujoco.MjSpec, play: Backlash) -> None:
    """Puts the play's joints into a model that is not compiled yet, keyframes included."""
    missing = set(play.joints) - {joint.name for joint in spec.joints}
    if missing:
        raise SimulationError(
            f"backlash is asked for joints that the model does not have: {', '.join(sorted(missing))}",
            hint="build without backlash, or pass a Backlash that names this robot's joints",
        )

    # A keyframe lists qpos by position, so it has to grow at the same places as the tree.
    free_joint = mujoco.mjtJoint.mjJNT_FREE
    qpos_at = 0
    insert_at: list[int] = []
    for joint in spec.joints:
        qpos_at += _FREE_JOINT_QPOS if joint.type == free_joint else 1
        if joint.name in play.joints:
            insert_at.append(qpos_at)
            joint.parent.add_joint(
                name=f"{joint.name}_backlash",
                type=joint.type,
                pos=joint.pos,
                axis=joint.axis,
                limited=mujoco.mjtLimited.mjLIMITED_TRUE,
                range=[-play.half_range_rad, play.half_range_rad],
                damping=[play.damping_nm_s_per_rad, 0.0, 0.0],
                frictionloss=0.0,
                armature=play.armature_kg_m2,
            )
    for key in spec.keys:
        qpos = list(key.qpos)
        for position in reversed(insert_at):
            qpos.insert(position, 0.0)
        key.qpos = qpos
