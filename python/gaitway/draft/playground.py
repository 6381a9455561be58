"""MuJoCo Playground's policies: brax exports shapes alone, so the layouts of its joystick tasks by length."""

from typing import TYPE_CHECKING

from gaitway.draft.parts import TODO, Network, Said, SaidTerm
from gaitway.errors import PolicyError

if TYPE_CHECKING:
    from gaitway.robot import Robot

_TASK = "Playground's joystick tasks"
_DUCK = "the Open Duck's joystick task"
_PERIOD_S = 0.02
_AS_MODEL = (
    "{first}, if the policy's joints are the model's in their order, which the profile has too, and the default pose "
    "is the model's keyframe"
)


def read(network: Network, robot: "Robot") -> Said:
    """The layout of its length. Raises PolicyError for a length that none of the tasks has."""
    joints, length = network.action_len, network.observation_len
    said = Said("playground", as_profile=joints == len(robot.joint_names), joints_question=_joints(network, robot))
    duck = {17 + 6 * joints: 7, 13 + 6 * joints: 3}.get(length)
    if duck is not None:
        _open_duck(said, robot, commands=duck)
    elif length == 12 + 3 * joints:
        _joystick(said, "gyro gravity joint_pos joint_vel last_action command", "quadrupeds")
    elif length == 16 + 3 * joints:
        _joystick(said, "gyro gravity command joint_pos joint_vel last_action", "humanoids")
        said.terms = [*(said.terms or ()), SaidTerm("phase", 4, source=f"{TODO}cosines, then sines, of two phases")]
    else:
        known = f"{12 + 3 * joints}, {16 + 3 * joints}, {13 + 6 * joints} or {17 + 6 * joints}"
        message = f"observation: expected the {known} numbers of a joystick task with {joints} joints, found {length}"
        raise PolicyError(message, hint="draft without a layout: --from none")
    said.set_rate(_PERIOD_S, f"ctrl_dt of {_TASK}")
    return said


def _joints(network: Network, robot: "Robot") -> str:
    if network.action_len == len(robot.joint_names):
        return _AS_MODEL.format(first=robot.joint_names[0])
    return "the model's joints that have actuators, in its order"


def _joystick(said: Said, names: str, whose: str) -> None:
    said.terms = [SaidTerm("base_lin_vel"), *(SaidTerm(name) for name in names.split())]
    said.scale = 0.5
    said.origins |= {"observation": f"{_TASK} for {whose}", "action.scale": f"action_scale of {_TASK}"}


def _open_duck(said: Said, robot: "Robot", *, commands: int) -> None:
    names = "gyro accelerometer command joint_pos"
    said.terms = [
        *(SaidTerm(name) for name in names.split()),
        SaidTerm("joint_vel", scale=0.05),
        SaidTerm("last_action", history=3),
        SaidTerm("last_target", lag=1),
        SaidTerm("foot_contact"),
        SaidTerm("phase"),
    ]
    said.scale, said.velocity_limit_rps = 0.25, 5.24
    said.every_axis = commands == len(robot.command_axes)
    said.head_axes = tuple(axis for axis in robot.command_axes if axis in robot.joint_names) if said.every_axis else ()
    said.fed_back = f"{TODO}after_velocity_limit, or after_head_command: what does its runtime remember?"
    said.phase = {
        "period_ticks": f"{TODO}ticks of a gait in its reference motion; 27 in the first that was published",
        "factor": 1,
        "advance": "after_observation",
        "runs": "always",
        "first_value": [0, 0],
    }
    said.origins |= dict.fromkeys(("observation", "action.scale", "action.velocity_limit_rps", "phase"), _DUCK)
    said.warnings.append(
        "some versions of the Open Duck's task add 1.3 m/s² to the accelerometer's x: a term has one offset for all "
        "its numbers"
    )
