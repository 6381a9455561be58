"""A robot's MJCF file made into a MuJoCo model, with or without the play in its gears."""

import mujoco

from gaitway.errors import SimulationError
from gaitway.sim.description import Backlash, Description
from gaitway.sim.physics import Physics, apply_physics

_FREE_JOINT_QPOS = 7


def build_model(
    description: Description, *, backlash: Backlash | None = None, physics: Physics | None = None
) -> mujoco.MjModel:
    """Compiles the model of a robot.

    With `backlash` each joint it names is followed by `<joint>_backlash` (zero in the keyframes), and all actuators
    get its gain; the angle a joint truly stands at is then the sum of both. Without it the model is the file as it
    stands. `physics` changes how it is simulated. Raises SimulationError for a file that MuJoCo cannot use.
    """
    try:
        spec = mujoco.MjSpec.from_file(str(description.model))
        if backlash is not None:
            add_backlash(spec, backlash)
        if physics is not None:
            apply_physics(spec, physics, description)
        model = spec.compile()
    except ValueError as error:
        raise SimulationError(f"{description.model}: MuJoCo cannot use this model: {error}") from error
    if backlash is not None:
        for joint_index in range(model.nu):
            set_gain(model, joint_index, backlash.kp_nm_per_rad)
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
            hint="build without backlash, or name the model's joints in [backlash] of simulation.toml",
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
