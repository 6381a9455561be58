"""What Isaac Lab's exports say: deploy.yaml, env.yaml and agent.yaml, in the contract's words.

deploy.yaml counts the joints of the policy breadth-first; `joint_ids_map` says which motor each is, and stiffness and
damping are in the order of the motors. A term is clipped before it is scaled, its oldest tick comes first, and a
history begins filled with the first sample.
"""

from typing import TYPE_CHECKING

from gaitway.draft.isaac_terms import env_terms, terms
from gaitway.draft.joint_patterns import by_name, of_actuators
from gaitway.draft.parts import TODO, Said, one_or_each
from gaitway.draft.sidecars import AGENT, DEPLOY, ENV, Sidecars
from gaitway.draft.tables import Table

if TYPE_CHECKING:
    from gaitway.robot import Robot

_AXES = {"lin_vel_x": "vx", "lin_vel_y": "vy", "ang_vel_z": "wz"}
_ORDER = "in which order are the joints? Isaac Lab goes breadth-first: the hips of all legs, then their thighs, …"


def is_of(sidecars: Sidecars) -> bool:
    """Whether there is one of its files."""
    return sidecars.get(DEPLOY) is not None or sidecars.get(ENV) is not None


def read(sidecars: Sidecars, robot: "Robot", kind: str = "isaaclab") -> Said:
    """What its files say."""
    said = Said(kind, oldest_first=True, sensors_reset="first_sample")
    said.origins["reset.sensors"] = "Isaac Lab fills a history with its first sample"
    deploy, env = sidecars.get(DEPLOY), sidecars.get(ENV)
    if deploy is not None:
        _deploy(said, deploy, env, robot)
    if env is not None:
        _env(said, env, robot)
    agent = sidecars.get(AGENT)
    if agent is not None:
        _agent(said, agent)
    return said


def _deploy(said: Said, deploy: Table, env: Table | None, robot: "Robot") -> None:
    motors = deploy.numbers("joint_ids_map")
    order = [int(motor) for motor in motors or ()]
    said.joint_names = _names(said, order, env, robot)
    period_s = deploy.number("step_dt")
    if period_s is not None:
        said.set_rate(period_s, f"{deploy.where}: step_dt")
    said.default_rad = deploy.numbers("default_joint_pos")
    said.origins["action.joints.default_rad"] = f"{deploy.where}: default_joint_pos"
    for name in ("stiffness", "damping"):
        _gains(said, name, deploy.numbers(name), order)
    for key, axis in _AXES.items():
        limits = deploy.table("commands", "base_velocity", "ranges").pair(key)
        if limits is not None:
            said.ranges[axis] = limits
            said.origins[f"command.{axis}"] = f"{deploy.where}: commands.base_velocity.ranges.{key}"
    _actions(said, deploy.table("actions"), order)
    told = deploy.table("observations")
    said.frame_by_frame = told.value("use_gym_history") is True
    said.terms = terms(told, env, scale_first=told.value("scale_first") is True)
    said.origins["observation"] = f"{deploy.where}: observations"


def _names(said: Said, order: list[int], env: Table | None, robot: "Robot") -> list[str] | None:
    """Joints of the policy, by the motors they are."""
    named = env.table("scene", "robot").words("joint_sdk_names") if env is not None else None
    if named is not None and order and max(order) < len(named) and min(order) >= 0:
        said.origins["action.joints.name"] = f"{DEPLOY}: joint_ids_map, {ENV}: joint_sdk_names"
        return [named[motor] for motor in order]
    by_id = dict(zip(robot.native.servo_ids, robot.joint_names, strict=True))
    if order and all(motor in by_id for motor in order):
        said.origins["action.joints.name"] = f"{DEPLOY}: joint_ids_map, the ids of the robot's joints"
        said.warnings.append(
            f"joint_ids_map has numbers of motors: taken for the ids of the profile's joints, {by_id[order[0]]} first"
        )
        return [by_id[motor] for motor in order]
    found = f"joint_ids_map has motors {order}, which the profile has no ids for" if order else "no file says it"
    said.joints_question = f"{_ORDER}; {found}"
    return None


def _gains(said: Said, name: str, values: list[float] | None, order: list[int]) -> None:
    """Of motors, brought into the order of the policy's joints."""
    if values is None or not order:
        return
    if max(order) < len(values):
        setattr(said, name, [values[motor] for motor in order])
        said.origins[f"gains.{'kp' if name == 'stiffness' else 'kd'}"] = f"{DEPLOY}: {name}, in the order of motors"
    else:
        said.warnings.append(
            f"{DEPLOY}: {name} has {len(values)} numbers, joint_ids_map counts to {max(order)}: whose are they?"
        )


def _actions(said: Said, actions: Table, order: list[int]) -> None:
    found = actions.tables()
    if len(found) != 1:
        names = ", ".join(name for name, _ in found) or "none"
        said.warnings.append(f"{actions.where}: expected one kind of action, found {names}")
        return
    name, action = found[0]
    if not (name.startswith("JointPosition") or name == "joint_pos"):
        question = f"{name} commands no positions: which kind of action is it? Such a key is not in this contract yet"
        said.warnings.append(f"{action.where}: {question}")
    scale = action.one_or_more("scale")
    said.scale = None if scale is None else one_or_each(scale)
    said.origins["action.scale"] = f"{action.where}.scale"
    chosen = action.numbers("joint_ids")
    if chosen is not None and len(chosen) == len(order) and chosen != list(range(len(order))):
        said.warnings.append(f"{action.where}: the action has the joints in another order than the observation")
        said.joints_question = (
            f"the actions' order, {action.where}.joint_ids, is not that of the observation's joints: which is it? "
            "observed_joints has the other"
        )
        said.joint_names = None
    elif chosen is not None and len(chosen) != len(order):
        said.warnings.append(
            f"{action.where}: {len(chosen)} of {len(order)} joints are driven, the observation may have all: "
            "observed_joints of the contract lists them"
        )
        said.joints_question, said.joint_names = f"which joints are driven? {action.where}.joint_ids: {chosen}", None
    offset = action.one_or_more("offset")
    if offset is not None:
        said.relative_to = _relative_to(offset, said.default_rad, action.where)
        said.origins["action.relative_to"] = f"{action.where}.offset"
    if action.value("clip") is not None:
        said.bounds = (
            f"{TODO}{action.where}.clip limits the target of each joint, and the action that is remembered is not "
            "clipped: leave bounds out where the clip is wider than the joint's range"
        )


def _relative_to(offset: float | list[float], pose: list[float] | None, where: str) -> str:
    if offset == pose:
        return "default_pose"
    if not any(offset if isinstance(offset, list) else [offset]):
        return "zero"
    return f"{TODO}default_pose or zero? {where}.offset is neither the default pose nor zero"


def _env(said: Said, env: Table, robot: "Robot") -> None:
    """What the training's own configuration says, and deploy.yaml does not."""
    dt, decimation = env.table("sim").number("dt") or _mujoco_dt(env), env.number("decimation")
    if dt is not None and decimation is not None:
        before = said.rate_hz
        said.set_rate(dt * decimation, f"{env.where}: sim.dt times decimation")
        if before is not None and said.rate_hz != before:
            said.warnings.append(f"{env.where} says {said.rate_hz} Hz, {DEPLOY} {before} Hz: which was trained?")
            said.rate_hz = before
    _env_joints(said, env, robot)
    if said.terms is None:
        said.terms = env_terms(env)
        said.origins["observation"] = f"{env.where}: observations"
    if said.scale is None:
        actions = [table for _, table in env.table("actions").tables()]
        # A table of them is by patterns of names: asked.
        is_number = len(actions) == 1 and not isinstance(actions[0].value("scale"), dict)
        said.scale = actions[0].number("scale") if is_number else None
        said.origins["action.scale"] = f"{env.where}: actions"


def _env_joints(said: Said, env: Table, robot: "Robot") -> None:
    """Pose and gains by patterns of names, which leave the order open."""
    names = robot.joint_names
    # Isaac Lab has the robot in the scene, mjlab among its entities.
    scene = env.table("scene")
    body = scene.table("robot") if "robot" in scene else scene.table("entities", "robot")
    pose = by_name(body.table("init_state", "joint_pos"), names)
    if pose.passed_over:
        said.warnings.append(f"{env.where}: patterns of joints were passed over: {', '.join(pose.passed_over[:5])}")
    else:
        # What no pattern matches begins at zero.
        said.pose_of = dict.fromkeys(names, 0.0) | pose.numbers if pose.numbers else {}
    actuators = body.parts("actuators") or body.table("articulation").parts("actuators")
    said.stiffness_of = of_actuators(actuators, "stiffness", names).numbers
    said.damping_of = of_actuators(actuators, "damping", names).numbers
    said.by_name_in = env.where
    if said.joint_names is None:
        told = ", ".join(f"{name} {angle:g}" for name, angle in (said.pose_of or pose.numbers).items())
        said.joints_question = f"{said.joints_question or _ORDER}; the poses that {env.where} has: {told}"


def _mujoco_dt(env: Table) -> float | None:
    return env.table("sim", "mujoco").number("timestep")


def _agent(said: Said, agent: Table) -> None:
    clip = agent.number("clip_actions")
    if clip is not None and said.bounds is None:
        said.bounds = (-abs(clip), abs(clip))
        said.origins["action.bounds"] = f"{agent.where}: clip_actions"
    name = agent.value("experiment_name")
    if isinstance(name, str):
        said.source = f"{name}, rsl_rl"
        said.origins["provenance.source"] = f"{agent.where}: experiment_name"
    normalised = [agent.value("empirical_normalization")]
    normalised += [agent.table(part).value("actor_obs_normalization") for part in ("policy",)]
    if True in normalised:
        said.normalised_by = agent.where
