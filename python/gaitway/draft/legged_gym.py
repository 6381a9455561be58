"""legged_gym's policies: their files say nothing, so the usual layout by its length, and configurations beside it.

A configuration is the task's Python classes, or the YAML of a deployment as Unitree's has it.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from gaitway.draft.parts import TODO, Network, Said, SaidTerm, one_or_each, plain
from gaitway.draft.sidecars import Sidecars
from gaitway.draft.tables import Table

if TYPE_CHECKING:
    from gaitway.robot import Robot

_USUAL = "legged_gym's own configuration, which tasks change"
_SCALES = {"lin_vel": 2.0, "ang_vel": 0.25, "dof_pos": 1.0, "dof_vel": 0.05}
_CLIP = 100.0
#: Substeps of 5 ms for an action.
_DECIMATION, _DT_S = 4.0, 0.005
_RANGES = {"lin_vel_x": "vx", "lin_vel_y": "vy", "ang_vel_yaw": "wz"}
#: Numbers of a scan of the ground, seventeen by eleven points.
_HEIGHTS = 187
_ORDER = (
    "in which order are the joints? Isaac Gym goes depth-first, limb by limb, limbs by name: FL_hip, FL_thigh, "
    "FL_calf, FR_hip, …"
)
_FRAMES = (
    "0 where the newest frame comes first, as it is written here; where the oldest does, write the frames in the other "
    "order"
)
_CLOCK = f'{TODO}phase, which has cosine first: with "elements": [1, 0] the sine is; and its clock, phase.period_ticks'


def is_of(sidecars: Sidecars) -> bool:
    """Whether there is one of its configurations."""
    return sidecars.get("legged_gym") is not None or sidecars.get("gym_deploy") is not None


def read(network: Network, sidecars: Sidecars, robot: "Robot") -> Said:
    """The layout of its length, and what the configurations say."""
    said = Said("legged_gym", joints_question=_ORDER)
    task, deployment = sidecars.get("legged_gym"), sidecars.get("gym_deploy")
    said.terms = _layout(said, network, _scales(said, task, deployment))
    _actions(said, task)
    if task is not None:
        _task(said, task, robot)
    if deployment is not None:
        _deployment(said, deployment, robot)
    return said


def _scales(said: Said, task: Table | None, deployment: Table | None) -> dict[str, float]:
    scales, origin = dict(_SCALES), _USUAL
    for name in _SCALES:
        own = None if task is None else task.table("normalization", "obs_scales").number(name)
        if own is None and deployment is not None:
            own = deployment.number(f"{name}_scale")
        if own is not None:
            scales[name] = own
            origin = " and ".join(table.where for table in (task, deployment) if table is not None)
    said.origins["observation"] = f"the usual layout; scales: {origin}"
    return scales


def _layout(said: Said, network: Network, scales: dict[str, float]) -> list[SaidTerm] | None:
    """By the number of values: what a task's `compute_observations` puts together."""
    joints, length = network.action_len, network.observation_len
    commands = [scales["lin_vel"], scales["lin_vel"], scales["ang_vel"]]
    frame = [
        SaidTerm("ang_vel", scale=scales["ang_vel"]),
        SaidTerm("projected_gravity"),
        SaidTerm("commands", scale=one_or_each(commands)),
        SaidTerm("dof_pos", scale=scales["dof_pos"]),
        SaidTerm("dof_vel", scale=scales["dof_vel"]),
        SaidTerm("actions"),
    ]
    alone = 9 + 3 * joints
    if length in (alone + 3, alone + 3 + _HEIGHTS):
        heights = [SaidTerm("height_scan", _HEIGHTS)] if length > alone + 3 else []
        return [SaidTerm("base_lin_vel", scale=scales["lin_vel"]), *frame, *heights]
    if length == alone + 2:
        return [*frame, SaidTerm("phase", 2, source=_CLOCK)]
    if length % alone != 0:
        said.warnings.append(f"{length} numbers are no usual observation of {joints} joints: see compute_observations")
        return None
    said.warnings.append("the order of the terms is assumed: some tasks have the commands first")
    frames = length // alone
    if frames > 1:
        said.frame_by_frame, said.order_question = True, _FRAMES
        said.warnings.append(f"{length} numbers are taken for {frames} frames of {alone}")
    return [replace(each, history=frames) for each in frame]


def _actions(said: Said, task: Table | None) -> None:
    """Clips of the trainer: both are as wide as that they hardly ever act."""
    own = Table({}, "") if task is None else task.table("normalization")
    actions, observations = own.number("clip_actions"), own.number("clip_observations")
    said.bounds = (-abs(actions or _CLIP), abs(actions or _CLIP))
    said.origins["action.bounds"] = f"{own.where}.clip_actions" if actions is not None else f"clip_actions: {_USUAL}"
    clip = abs(observations or _CLIP)
    said.terms = said.terms and [replace(each, clip=(-clip, clip)) for each in said.terms]


def _task(said: Said, task: Table, robot: "Robot") -> None:
    control = task.table("control")
    if control.value("control_type") not in (None, "P"):
        said.warnings.append(
            f"{control.where}.control_type is not P: its actions are no positions, and no other kind of action is in "
            "this contract yet"
        )
    said.scale = control.number("action_scale")
    said.origins["action.scale"] = f"{control.where}.action_scale"
    decimation, dt_s = control.number("decimation") or _DECIMATION, task.table("sim").number("dt") or _DT_S
    said.set_rate(decimation * dt_s, f"{control.where}.decimation times sim.dt")
    ranges = task.table("commands", "ranges")
    for key, axis in _RANGES.items():
        limits = ranges.pair(key)
        if limits is not None:
            said.ranges[axis] = limits
            said.origins[f"command.{axis}"] = f"{ranges.where}.{key}"
    own = {plain(name): name for name in robot.joint_names}
    told = {"angles": _told(task.table("init_state", "default_joint_angles"), own)}
    told |= {name: _told(control.table(name), own) for name in ("stiffness", "damping")}
    found = "; ".join(f"{name} {values}" for name, values in told.items() if values)
    said.joints_question = f"{said.joints_question}. {task.where} has {found}"


def _told(values: Table, own: dict[str, str]) -> str:
    """Numbers by joint, or by part of a joint's name, as a text."""
    return ", ".join(f"{own.get(plain(name), name)} {values.number(name):g}" for name in values.names())


def _deployment(said: Said, deployment: Table, robot: "Robot") -> None:
    where = deployment.where
    dt_s, decimation = deployment.number("simulation_dt"), deployment.number("control_decimation")
    period_s = deployment.number("control_dt") or (dt_s or 0.0) * (decimation or 0.0)
    if period_s:
        said.set_rate(period_s, f"{where}: the period of control")
    scale = deployment.one_or_more("action_scale")
    if scale is not None:
        said.scale = one_or_each(scale)
        said.origins["action.scale"] = f"{where}: action_scale"
    commands = deployment.numbers("cmd_scale")
    if commands is not None and said.terms is not None:
        factor = one_or_each(commands)
        said.terms = [replace(each, scale=factor) if each.name == "commands" else each for each in said.terms]
    _motors(said, deployment, robot)


def _motors(said: Said, deployment: Table, robot: "Robot") -> None:
    """Joints by the motors they are, where the file says it."""
    motors = deployment.numbers("joint2motor_idx") or deployment.numbers("leg_joint2motor_idx")
    by_id = dict(zip(robot.native.servo_ids, robot.joint_names, strict=True))
    pose, where = deployment.numbers("default_angles"), deployment.where
    if motors is None or not all(motor in by_id for motor in motors):
        said.joints_question = f"{said.joints_question}. {where} has default_angles {pose}, in the order of the policy"
        return
    said.joint_names, said.default_rad = [by_id[int(motor)] for motor in motors], pose
    said.stiffness, said.damping = deployment.numbers("kps"), deployment.numbers("kds")
    said.origins |= {
        "action.joints.name": f"{where}: numbers of motors, taken for the ids of the profile's joints",
        "action.joints.default_rad": f"{where}: default_angles",
        "gains.kp": f"{where}: kps",
        "gains.kd": f"{where}: kds",
    }
