"""The compiled core. People use the classes of `gaitway`, which wrap these."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, final, type_check_only

__all__ = [
    "VERSION",
    "Batch",
    "Contacts",
    "Contract",
    "Controller",
    "Imu",
    "Motors",
    "Network",
    "Pace",
    "Pacer",
    "Pad",
    "PadSender",
    "Policy",
    "Record",
    "Recording",
    "Robot",
    "SecureChannel",
    "ServoDesk",
    "StepRecorder",
    "TwinHost",
    "VirtualRobot",
    "Wake",
    "axes",
    "build_info",
    "bus_ticks",
    "canary",
    "check",
    "cut",
    "embed",
    "file_kind",
    "holder",
    "inline_weights",
    "make_pad_key",
    "pace",
    "pad_key_path",
    "push_times",
    "real_time",
    "recordings_folder",
    "remedy",
    "repair",
    "run_guard",
    "summarise",
    "survey",
    "tick_times",
]

VERSION: str

@type_check_only
class BuildInfo(TypedDict):
    version: str
    profile: str
    target: str
    cpu_path: str
    cpu_paths: list[str]

@type_check_only
class Quantiles(TypedDict):
    p50: int
    p99: int
    p99_9: int
    max: int

@type_check_only
class TickTimes(TypedDict):
    tick_ns: Quantiles
    inference_ns: Quantiles
    allocations: int

@type_check_only
class PacerCounters(TypedDict):
    run: int
    late: int
    skipped: int
    caught_up: int
    held: int

@type_check_only
class Finding(TypedDict):
    what: str
    tick: int
    index: int
    indices: list[int]
    expected: float
    found: float
    pattern: str

@type_check_only
class Check(TypedDict):
    ticks: int
    actions_checked: bool
    largest_action_error: float
    findings: list[Finding]

@type_check_only
class Watched(TypedDict):
    goals: int
    goals_out_of_range: int
    goals_not_finite: int
    worn: int
    allocations: int
    stale_joints: int
    stale_imu: int
    impossible: int
    longest_limp_ns: int
    longest_replugged_ns: int
    largest_step_rad: float
    largest_jerk_rad: float

def axes() -> list[str]:
    """Names of the command axes, in the order of every command row."""

def build_info() -> BuildInfo:
    """How this module was built, and which kernels this machine's CPU gets."""

@type_check_only
class BusTicks(TypedDict):
    start_ns: list[int]
    read_ns: list[int]
    told_ns: list[int]
    end_ns: list[int]
    fresh: list[int]
    bytes: list[int]
    skipped: list[int]
    bytes_before: int
    cpu_ns: int
    retries: int
    real_time: bool
    report: list[str]

def bus_ticks(
    robot: Robot,
    path: str | PathLike[str],
    ticks: int,
    *,
    period_ns: int | None = None,
    slow_reads: bool = False,
    bare: bool = False,
    priority: int | None = None,
) -> BusTicks:
    """Drives the twin at `path` on a native thread: every tick reads all servos, then writes all goals. Linux only.

    Without `period_ns` each tick follows the one before at once. `bare` moves the same bytes without the driver.
    With `priority` the thread is real-time and the memory locked, as far as granted. What is seen of each tick comes
    as columns: when it began, when the read was over, the goals handed over, and the slow read over, ns of the
    monotonic clock; servos read, bytes written, ticks left out before it. A port that is no pseudo-terminal is
    refused: these goals pass no safety filter. Raises UsageError, SimulationError.
    """

def canary(period_ns: int, looks: int) -> list[int]:
    """How late the calling thread is woken for each of `looks` deadlines, ns; it sleeps and never spins."""

def check(policy: Policy, robot: Robot) -> Check | None:
    """The golden vectors' report, or None where the contract carries none."""

def remedy(errno: int) -> str:
    """What a person can do about what the system says, by its number; to check the path where it is unknown."""

@type_check_only
class PortDict(TypedDict):
    name: str
    type: str
    shape: str

@type_check_only
class Obstacle(TypedDict):
    message: str
    hint: str

@type_check_only
class Survey(TypedDict):
    producer: str
    opsets: list[tuple[str, int]]
    inputs: list[PortDict]
    outputs: list[PortDict]
    operators: dict[str, int]
    metadata: dict[str, str]
    obstacles: list[Obstacle]

def survey(data: bytes, output: str | None = None) -> Survey:
    """What an ONNX file has, whether or not it can be run, and all that keeps the native engine from running it for
    `output`. Raises PolicyError for another kind of file."""

def inline_weights(data: bytes, read: Callable[[str], bytes]) -> bytes:
    """The ONNX file with the weights of files beside it inside; `read` has a file's content by its name. What is no
    ONNX file comes back as it is. Raises PolicyError for a file that cannot be had, or is not beside it."""

def embed(data: bytes, contract: Contract) -> bytes:
    """The ONNX file with the contract embedded; the weights' bytes are not touched."""

def pace(
    period_ns: int,
    ticks: int,
    *,
    overrun: str = "skip",
    work_ns: int = ...,
    stall_every: int | None = None,
    stall_ns: int = ...,
) -> Pace:
    """Runs the pacer until `ticks` deadlines have passed, on a native thread with the calling thread's scheduling.

    The work of a tick keeps the CPU busy for `work_ns`, 0 where left out; every `stall_every`th takes `stall_ns`.
    """

def tick_times(policy: Policy, controller: Controller, ticks: int) -> TickTimes:
    """Times `ticks` ticks inside the module, no Python between them."""

@type_check_only
class PushTimes(TypedDict):
    """What recording a tick costs the loop, ns, and what was taken off for each of two readings of the clock."""

    push_ns: Quantiles
    clock_ns: int
    allocations: int

def push_times(policy: Policy, robot: Robot, ticks: int) -> PushTimes:
    """Times how long the loop waits for `ticks` ticks to be recorded."""

@type_check_only
class Exchanges(TypedDict):
    """A column each: when the program's bytes came, when their first bit was on the wire, when the program could have
    the last byte of the answers, when it was last handed a part of them, ns of the monotonic clock; bytes."""

    written_ns: list[int]
    begun_ns: list[int]
    ended_ns: list[int]
    fetched_ns: list[int | None]
    bytes_to_servos: list[int]
    bytes_to_host: list[int]

@type_check_only
class TwinStatistics(TypedDict):
    busy_ns: int
    waiting_ns: int
    bytes_to_servos: int
    bytes_to_host: int
    transactions: int
    lost_bytes: int
    users: int
    lateness_ns: Quantiles
    faults: int
    fault_log: list[tuple[int, str]]
    imu_sent: int
    imu_dropped: int
    imu_faults: int

@type_check_only
class ImuState(TypedDict):
    """How the chip is; None for what it has not said yet."""

    is_up: bool
    samples: int
    saturated: int
    failures: int
    bring_ups: int
    problem: str | None
    #: What the person can do about the problem.
    hint: str | None
    #: Where it answers or is looked for, and where it is expected.
    address: int
    expected_address: int
    gyro_rps: list[float] | None
    accel_mps2: list[float] | None
    quaternion: list[float] | None
    gravity_mps2: list[float] | None
    temperature_c: int | None
    calibration: list[int] | None

def file_kind(data: bytes) -> tuple[str, str, str]:
    """What a file is by its first bytes: `lfs_pointer`, that in words, and what to do where it is no use at all."""

@final
class Imu:
    """The IMU's chip on its bus. See `gaitway.bringup.imu`."""

    def __new__(
        cls,
        robot: Robot,
        path: str | PathLike[str],
        *,
        axes: list[str] | None = None,
        calibration: list[int] | None = None,
        fuses_magnetometer: bool = True,
    ) -> Imu: ...
    def state(self) -> ImuState:
        """How it is, and its newest sample."""

    def ask_for_calibration(self) -> None:
        """From now on what it has learned is to be had."""

    def take_calibration(self) -> list[int] | None:
        """What it has learned, once: offsets of accelerometer, magnetometer and gyroscope, and two radii."""

@type_check_only
class ServoLook(TypedDict):
    """What a servo says of itself. See `gaitway.bringup.motors.Look`."""

    position_rad: float
    velocity_rps: float
    faults: list[str]
    answers: int
    misses: int
    voltage_v: float | None
    temperature_c: float | None
    current_a: float | None
    load: float | None
    torque_on: bool | None

def holder(path: str | PathLike[str]) -> tuple[int, str] | None:
    """Process id and name of the Gaitway program that uses the device or socket; None where nobody does."""

@final
class ServoDesk:
    """Servos one at a time, whatever their ids; nothing here moves one. See `gaitway.bringup.motors.scan`."""

    def __new__(cls, path: str | PathLike[str], baud: int) -> ServoDesk: ...
    def ping(self, servo_id: int, tries: int = ...) -> str | list[str]:
        """ "silence", "garbage", or the names of the faults the servo reports."""

    def read(self, servo_id: int) -> dict[str, int] | None:
        """Every register by name; None where no sound answer comes."""

    def save(self, servo_id: int, register: str, value: int) -> bool:
        """Writes a setting for good; True where it reads back as written."""

    def check_line(self, servo_ids: list[int]) -> tuple[bool, bool | None]:
        """Whether the adaptor echoes, and whether bulk reads of these servos work; None where too few answer alone."""

    @staticmethod
    def line_words() -> tuple[tuple[str, str], tuple[str, str]]:
        """What is said of an echo and of bulk reads that fail, each with what to do."""

    @staticmethod
    def settings(robot: Robot, joint: int, registers: dict[str, int]) -> list[tuple[str, int]]:
        """The settings that a joint's servo keeps, for one that holds these registers."""

    def torque_off(self, servo_id: int) -> None: ...
    def close(self) -> None: ...

@final
class Motors:
    """The robot's motors for tools. See `gaitway.bringup.motors.Motors`."""

    def __new__(
        cls,
        robot: Robot,
        path: str | PathLike[str],
        *,
        guard: list[str],
        kp: int | None = None,
        torque: float = 0.5,
    ) -> Motors: ...
    def look(self) -> list[ServoLook | None]: ...
    def hold(self, joints: list[int]) -> None: ...
    def step(self, targets: list[float]) -> bool: ...
    def release(self, joints: list[int] | None = None) -> None: ...
    def positions_rad(self) -> list[float]: ...
    def counters(self) -> dict[str, int]: ...
    def audit(self, *, fix: bool = False) -> list[list[dict[str, Any]] | None]: ...
    def close(self) -> None: ...

@final
class Contacts:
    """The contact switches on their pins."""

    def __new__(cls, robot: Robot, path: str | PathLike[str] | None = None) -> Contacts: ...
    def contact(self) -> list[bool]:
        """Where there is contact, in the order of the profile."""

    def edges(self) -> list[int]:
        """Edges seen on each line."""

def real_time(priority: int) -> list[dict[str, Any]]:
    """What the machine grants a thread of that priority: what, granted, found, remedy."""

def run_guard() -> int:
    """The whole program of a guard; its exit code."""

@type_check_only
class PadState(TypedDict):
    """What came of a pad, and how it stands."""

    events: list[tuple[str, int, int, str | None]]
    left: list[float]
    right: list[float]
    triggers: list[float]
    held: list[str]
    pressed: list[str]
    command: list[float]
    moves_head: bool

@final
class Pad:
    """A gamepad, looked at by a tool. See `gaitway.bringup.pad`."""

    def __new__(
        cls,
        contract: Contract,
        *,
        path: str | PathLike[str] | None = None,
        layout: str | PathLike[str] | None = None,
    ) -> Pad: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def layout(self) -> str: ...
    def axes(self) -> list[tuple[int, int, int, int]]:
        """Code, place, and both ends of every axis."""

    def wait(self, seconds: float) -> PadState | None:
        """Waits, a second at most, for something to come; None where the pad is gone.

        An event is its kind, `key`, `axis` or `dropped`, its code, its value, and what the code is in the layout.
        """

@final
class PadSender:
    """A pad that a program holds, as datagrams. See `gaitway.remote`."""

    def __new__(cls, *, key: str | PathLike[str] | None = None) -> PadSender:
        """Signs with the key of this file, or with the empty one. Raises UsageError for a file that holds none."""

    def walk(self, forward_mps: float, leftward_mps: float, turning_rps: float) -> None:
        """Sticks that walk. Raises UsageError outside the envelope that the robot has told."""

    def look(self, pitch_rad: float, yaw_rad: float, roll_rad: float) -> None:
        """Sticks that move the head. Raises UsageError outside the envelope that the robot has told."""

    def hold(self, button: str | None) -> None:
        """The one button that is down from now on. Raises UsageError for a name no button has."""

    def stop(self, is_down: bool) -> None:
        """The button of the emergency stop, whatever other button is down."""

    def datagram(self) -> bytes:
        """How it stands, 78 bytes; each has the next number."""

    @property
    def is_stopped(self) -> bool:
        """Whether the robot's emergency stop was set at its last answer."""

    def hear(self, datagram: bytes) -> bool:
        """True for the robot's answer, without which it follows nothing."""

@final
class Recording:
    """A recording. See `gaitway.recording`."""

    @staticmethod
    def read(data: bytes) -> Recording: ...
    @property
    def notes(self) -> dict[str, str]: ...
    @property
    def profile(self) -> str: ...
    @property
    def command_axes(self) -> list[tuple[str, str]]: ...
    @property
    def contract(self) -> str: ...
    @property
    def policy(self) -> bytes: ...
    @property
    def epoch_ns(self) -> int: ...
    @property
    def cut(self) -> str | None: ...
    @property
    def ticks(self) -> int: ...
    def verify(self) -> dict[str, Any]: ...
    def columns(self) -> dict[str, bytes | list[str]]: ...

@final
class StepRecorder:
    """Writes what a controller does. See `gaitway.Recorder`."""

    def __new__(
        cls, folder: Path, robot: Robot, policy: Policy, onnx: bytes, controller: Controller
    ) -> StepRecorder: ...
    @property
    def path(self) -> str | Path: ...
    def begin(self, controller: Controller) -> None:
        """To be called before a step."""

    def end(self, controller: Controller, truth: Any = ...) -> None:
        """To be called after it. Raises RecordingError."""

    def finish(self) -> None:
        """Ends the file. Raises RecordingError."""

@type_check_only
class RecordingSummary(TypedDict):
    """A recording at a glance; `begun_ns` counts from 1970."""

    notes: dict[str, str]
    begun_ns: int
    seconds: float
    ticks: int
    faults: list[str]
    cut: str | None

def summarise(data: bytes) -> RecordingSummary:
    """What a recording is of, at a glance, with little memory. Raises RecordingError."""

@final
class SecureChannel:
    """The side that calls of an encrypted channel to a robot elsewhere; the socket is the caller's."""

    def __new__(cls, key: str | PathLike[str]) -> SecureChannel:
        """For a robot that has the key of this file, too. Raises UsageError for what is no key."""

    def first(self) -> bytes:
        """What is to be sent before anything else."""

    @property
    def is_open(self) -> bool:
        """True once the robot has shown that it has the key."""

    def take(self, data: bytes) -> bytes:
        """The content of what has come, as far as it is complete. Raises DaemonError for what is of another key."""

    def seal(self, data: bytes) -> bytes:
        """Content as it is to be sent. Raises DaemonError before the channel is open."""

def pad_key_path() -> Path:
    """Where the key of robot and pad is unless another file is named."""

def make_pad_key(path: str | PathLike[str]) -> None:
    """Makes a key in a new file that only its owner may read. Raises UsageError where one is there already."""

def recordings_folder() -> Path:
    """Where recordings go unless another folder is named."""

@final
class Robot:
    """A robot profile. See `gaitway.Robot`."""

    @staticmethod
    def from_toml(text: str) -> Robot: ...
    def with_duck_config(
        self, data: bytes, name: str = "duck_config.json", *, unreachable_are_zero: bool = False
    ) -> tuple[Robot, list[list[str]]]:
        """The robot with the configuration in `data`, and what was applied, what was ignored, and the joints whose
        offset was counted as zero because their servo cannot reach it. `name` is the file's, for errors."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def control_hz(self) -> int: ...
    @property
    def joint_names(self) -> list[str]: ...
    @property
    def servo_ids(self) -> list[int]: ...
    @property
    def offsets_rad(self) -> list[float]: ...
    @property
    def offset_ranges_rad(self) -> list[list[float]]:
        """Lowest and highest offset of each joint with which its servo reaches the whole range in one turn, rad."""

    @property
    def directions(self) -> list[int]: ...
    @property
    def sit_pose_rad(self) -> list[float]: ...
    @property
    def baud(self) -> int: ...
    @property
    def default_pose_rad(self) -> list[float]: ...
    @property
    def limits_rad(self) -> list[tuple[float, float]]: ...
    @property
    def velocity_limits_rps(self) -> list[float]: ...
    @property
    def stiffness_per_kp(self) -> float: ...
    @property
    def damping_per_kd(self) -> float | None: ...
    @property
    def imu_axes(self) -> list[str] | None: ...
    @property
    def imu_bus(self) -> str | None: ...
    @property
    def contact_names(self) -> list[str]: ...
    @property
    def command_axes(self) -> list[tuple[str, str]]:
        """Name and unit of each axis."""

    @property
    def outputs(self) -> list[tuple[str, str, int | None]]:
        """Name, kind and pin of each output."""

    @property
    def drivers(self) -> tuple[str, str | None]:
        """Driver of the actuators, and of the IMU where there is one."""

    @property
    def pose_names(self) -> list[str]: ...
    def pose_rad(self, name: str) -> list[float] | None:
        """Angles of a pose in the order of the joints, rad; None where there is none of this name."""

    @property
    def hashed(self) -> str:
        """What `policy_sha256` is the hash of."""

    @property
    def policy_sha256(self) -> str: ...
    def fault_limits(self, kind: str) -> list[float]:
        """The limits of the fault table's lines of this kind; none where it has no such line."""

    def wire_limits(self, value: str) -> tuple[float, float] | None:
        """What a number on a wire can be, least and greatest; None where the profile has no line for it."""

@final
class Contract:
    """What a policy must be fed and what its numbers mean, schema version 1."""

    @staticmethod
    def from_json(text: str) -> Contract:
        """Reads and validates a contract. Raises ContractError; unknown keys are refused."""

    @staticmethod
    def json_schema() -> str:
        """The published JSON schema of contracts."""

    def to_json(self) -> str:
        """The one canonical text of the contract (RFC 8785)."""

    def __eq__(self, value: object, /) -> bool: ...
    @property
    def sha256(self) -> str:
        """Hash of the canonical text, which names the weights."""

    @property
    def name(self) -> str:
        """Short name, by which it can be assumed."""

    @property
    def weights_sha256(self) -> str:
        """Hash of the ONNX file without Gaitway's own metadata."""

    @property
    def policy_rate_hz(self) -> int:
        """Ticks of the policy in a second."""

    @property
    def observation_len(self) -> int:
        """Numbers in one observation."""

    @property
    def action_len(self) -> int:
        """Numbers in one action."""

    @property
    def output_len(self) -> int:
        """Numbers in all outputs that are read: the action, then the further ones."""

    @property
    def envelope(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest value of each command axis the policy was trained for, m/s, rad/s and rad."""

    def clipped(self, row: Any, axes: list[str] | None = None) -> list[str]:
        """What of a command row along `axes`, the standard ones if None, the policy is never asked: `vx: asked 1.00,
        allowed 0.15`."""

    @property
    def terms(self) -> list[tuple[str, int]]:
        """Name and width of each term of the observation, in order."""

@type_check_only
class BatchLayout(TypedDict):
    qpos_len: int
    qvel_len: int
    sensor_len: int
    joint_qpos: list[int]
    joint_qvel: list[int]
    play_qpos: list[tuple[int, int]]
    gyro: int
    accelerometer: int
    contacts: list[int]

@type_check_only
class BatchDisturbance(TypedDict):
    gyro_rps: float
    accel_mps2: float
    joint_position_rad: list[float]
    joint_velocity_rps: float
    joint_zero_rad: float
    late_goals: list[float]
    late_imu: float
    lost_answers: float

@type_check_only
class BatchCommands(TypedDict):
    still: float
    one_axis: float
    at_limit: float
    head_still: float
    hold_ticks: tuple[int, int]

@final
class Batch:
    """Many robots between their simulators and one network: noise, delays, commands, observations, actions.

    Rows of positions, velocities, sensors and goals are float64 and C-contiguous, robot after robot, as a batched
    simulator has them; observations, commands and actions are float32.
    """

    def __new__(
        cls,
        contract: Contract,
        robot: Robot,
        count: int,
        *,
        seed: int,
        layout: BatchLayout,
        disturbance: BatchDisturbance,
        commands: BatchCommands | None = None,
    ) -> Batch: ...
    def reset(self, which: Any, poses: Any) -> None:
        """Begins anew with the robots `which` [k] at `poses` [k, n] float32, rad."""

    def set_commands(self, commands: Any) -> None:
        """Gives each robot its command [count, 7] float32, where none are drawn."""

    def observe(self, qpos: Any, qvel: Any, sensordata: Any, observations: Any, commands: Any) -> None:
        """Fills observations [count, w] and the commands that are followed [count, 7]."""

    def act(self, actions: Any, ctrl: Any) -> None:
        """Fills `ctrl` [count, n], rad, from actions [count, a]."""

    def save(self) -> bytes: ...
    def restore(self, state: bytes) -> None: ...
    @property
    def count(self) -> int: ...
    @property
    def observation_len(self) -> int: ...
    @property
    def action_len(self) -> int: ...

@final
class Policy:
    """A network with its contract. See `gaitway.Policy`."""

    @staticmethod
    def from_onnx(data: bytes, known: list[Contract], assume: str | None = None, *, native: bool = True) -> Policy: ...
    @staticmethod
    def of_set(text: str, read: Callable[[str], bytes]) -> Policy:
        """The policies that the text of a policies.toml names; `read` has the bytes of a file beside it."""

    def with_standing(self, data: bytes) -> Policy:
        """The same policy with the network of another file in its place while the command asks for no velocity."""

    def infer(self, observations: Any, actions: Any, rows: int, state: Any | None = None) -> None:
        """Fills actions [rows, output_len] for observations [rows, observation_len] that follow each other in time;
        `state` [state_len] is what a recurrent network remembers, before and after. All float32."""

    @property
    def state_len(self) -> int:
        """Numbers that the network remembers from one tick to the next; 0 where another engine runs it."""

    @property
    def default_file(self) -> str | None:
        """The file of the set's default policy; None for one that runs alone."""

    @property
    def set_names(self) -> list[str]:
        """Names of the policies of the set, in its order; none of one that runs alone."""

    @property
    def standing_name(self) -> str | None:
        """Name of that network's contract; None without one."""

    @property
    def contract(self) -> Contract: ...
    @property
    def contract_sha256(self) -> str: ...
    @property
    def basis(self) -> str: ...
    @property
    def native(self) -> bool: ...
    @property
    def macs(self) -> int | None: ...
    @property
    def cpu_path(self) -> str | None: ...

@final
class Network:
    """What the native engine makes of an ONNX file, whatever its numbers mean."""

    def __new__(cls, data: bytes, output: str | None = None) -> Network:
        """For all outputs of the file, or the one that is named, and all inputs that they need. Raises PolicyError for
        what it cannot run."""

    @property
    def inputs(self) -> list[tuple[str, list[int]]]:
        """Name and dimensions of each input."""

    @property
    def outputs(self) -> list[tuple[str, list[int]]]:
        """Name and dimensions of each output."""

    @property
    def input_len(self) -> int:
        """Numbers of all inputs, which follow each other in a row."""

    @property
    def output_len(self) -> int:
        """Numbers of all outputs, which follow each other in a row."""

    @property
    def macs(self) -> int:
        """Multiply-adds of one run, those of matrices."""

    @property
    def parameters(self) -> int: ...
    @property
    def cpu_path(self) -> str: ...
    def normaliser(self) -> tuple[list[float], list[float]] | None:
        """Mean and standard deviation by which the network begins, where it does."""

    def infer(self, inputs: Any, outputs: Any, rows: int) -> None:
        """Outputs [rows, output_len] for inputs [rows, input_len], float32."""

@final
class Controller:
    """Runs one policy on one robot. See `gaitway.Controller`."""

    def __new__(
        cls,
        policy: Policy,
        robot: Robot,
        *,
        loop_hz: int | None = None,
        kp: float | None = None,
        phase_factor: float = 1.0,
    ) -> Controller: ...
    def step(self, sensors: Any, command: Any, goals: Any, phase_factor_offset: float = 0.0) -> None: ...
    def observe(self, sensors: Any, command: Any, phase_factor_offset: float = 0.0) -> bool: ...
    def act(self, action: Any, goals: Any) -> None: ...
    def reset(self, pose: Any) -> None: ...
    def ask(self, place: int | None = None) -> None:
        """From now on somebody asks for the policy at this place of the set, or nobody for any."""

    def take_over(self, before: Controller, blend_ticks: int) -> None:
        """Goes on from another controller of the same robot; goals go over within so many ticks of the loop."""

    def save(self) -> bytes: ...
    def restore(self, state: bytes) -> None: ...
    def record(self) -> Record: ...
    @property
    def joints(self) -> int: ...
    @property
    def loop_hz(self) -> int: ...
    @property
    def divider(self) -> int: ...
    @property
    def gains(self) -> list[tuple[float, float]]: ...
    @property
    def overrides(self) -> list[str]: ...

@final
class Record:
    """Everything about one tick. Rows are read-only float32 memoryviews."""

    @property
    def tick(self) -> int:
        """Number of the tick, from 0."""

    @property
    def policy_ran(self) -> bool:
        """True where the policy ran, False in the ticks between."""

    @property
    def stood(self) -> bool:
        """True where the standing network ran."""

    @property
    def policy(self) -> int:
        """Which policy of the set ran, by its place there; 0 where there is one."""

    @property
    def observation(self) -> memoryview[float]:
        """What the network saw [observation_len]."""

    @property
    def action(self) -> memoryview[float]:
        """What the network said [output_len], as it came: the action, then its further outputs."""

    @property
    def target_rad(self) -> memoryview[float]:
        """Targets before the safety filter [n], rad."""

    @property
    def goal_rad(self) -> memoryview[float]:
        """Goals after the safety filter [n], rad."""

    @property
    def fed_back_rad(self) -> memoryview[float]:
        """What the next observation remembers as the last target [action_len], rad."""

    @property
    def command(self) -> memoryview[float]:
        """The command the policy saw [7], after the envelope."""

    @property
    def joint_limits(self) -> bytes:
        """What the filter changed, a byte a joint: 1 position, 2 velocity, 4 non-finite, 8 fallen."""

    @property
    def command_limited(self) -> bool:
        """True where the envelope changed the command."""

    @property
    def refusal(self) -> str | None:
        """Why the network's output was not used, or None where it was."""

    @property
    def phase_step(self) -> float:
        """Step of the gait clock the observation saw."""

    @property
    def tilt_rad(self) -> float:
        """Tilt of the trunk as estimated from gyro and accelerometer, rad."""

    @property
    def fallen(self) -> bool:
        """The fall verdict, latched until a reset."""

    @property
    def counters(self) -> list[int]:
        """Sums since the controller was made.

        Ticks refused; limited at all; by position; by velocity; by action bounds; commands limited; falls.
        """

@final
class Pace:
    """Every wake-up of a measured loop."""

    def wakes(self) -> list[Wake]:
        """The wake-ups, in order."""

    @property
    def counters(self) -> PacerCounters:
        """The pacer's own sums."""

    @property
    def spin_ns(self) -> int:
        """The clock's spin window at the end, ns."""

@final
class Pacer:
    """Absolute deadlines for a loop in Python, waited for with the interpreter lock released.

    Tick `n` is due at `start + n * period_ns`, and the phase is kept for ever. `overrun` says what becomes of ticks
    whose whole period has passed before `wait` was called or returned: "skip" leaves them out; "catch_up" runs them
    at once, one after the other, at most five; "hold" reports them, and the one whose period has begun, as ticks in
    which the last output is repeated and nothing computed. While another Python thread is busy, `wait` returns as
    late as the interpreter lock lets it; a loop inside this module does not need the lock.
    """

    def __new__(cls, period_ns: int, overrun: str = "skip") -> Pacer:
        """Measures for some ten milliseconds how late this thread is woken; the first deadline is then."""

    def wait(self) -> Wake:
        """Waits for the next deadline; returns at once where it has passed. Handlers of signals run meanwhile."""

    def lateness_ns(self, quantile: float) -> int:
        """Lateness in ns that a share `quantile` (0 to 1) of the wake-ups does not exceed."""

    def lateness_quantiles_ns(self) -> Quantiles:
        """Lateness of all wake-ups: p50, p99, p99.9 and the longest, ns."""

    @property
    def run(self) -> int:
        """Ticks run since the start, those caught up included."""

    @property
    def late(self) -> int:
        """Wake-ups later than a tenth of a period, whether the caller overran or the machine woke it late."""

    @property
    def skipped(self) -> int:
        """Ticks left out since the start."""

    @property
    def caught_up(self) -> int:
        """Ticks run a whole period or more after their deadline."""

    @property
    def held(self) -> int:
        """Ticks held since the start."""

    @property
    def spin_ns(self) -> int:
        """How long before a deadline the sleep ends and the spin begins, ns: 20,000 to 300,000, as sleeps need it."""

@final
class Wake:
    """One wake-up of a pacer. Every tick number is run, skipped or held, and reported exactly once."""

    @property
    def tick(self) -> int:
        """Number of the tick to run, from 0; in a wake-up that holds, of the last one held."""

    @property
    def deadline_ns(self) -> int:
        """When `tick` was due, ns of the monotonic clock."""

    @property
    def now_ns(self) -> int:
        """When the caller was woken, ns of the monotonic clock."""

    @property
    def lateness_ns(self) -> int:
        """How long after the deadline it was waiting for the caller was woken, ns; lost periods count."""

    @property
    def skipped(self) -> int:
        """Ticks left out since the wake-up before."""

    @property
    def held(self) -> int:
        """Ticks that this wake-up holds, `tick` included; 0 where `tick` is to be run."""

    @property
    def hold(self) -> bool:
        """Repeat the last output and compute nothing."""

    @property
    def caught_up(self) -> bool:
        """The tick runs a whole period or more after its deadline, because it was owed."""

@final
class TwinHost:
    """The emulated servos on a pseudo-terminal and the emulated IMU on a socket. Linux only.

    One thread of its own serves the wire, whatever Python does; with `exchanges` it never sleeps. Rows are float32
    buffers in the order of the robot's joints, joint angles in rad.
    """

    def __new__(
        cls,
        robot: Robot,
        *,
        link: str | PathLike[str] | None = None,
        imu_socket: str | PathLike[str] | None = None,
        i2c_socket: str | PathLike[str] | None = None,
        faults: list[str] = ...,
        seed: int = ...,
        return_delay_us: int | None = None,
        usb_latency_us: int = ...,
        turnaround_us: int = ...,
        factory: bool = False,
        exchanges: int = ...,
    ) -> TwinHost: ...
    def set_joints(self, row: Any) -> None:
        """What the joints do now [3n]: angles, velocities in rad/s, drives in N·m."""

    def read_servos(self, row: Any) -> None:
        """Fills [5n]: goals (NaN where limp), P, D, I, torque limits from 0 to 1."""

    def sample_imu(self, row: Any) -> None:
        """An IMU sample of now [6 + c]: gyro in rad/s, accelerometer in m/s², contacts (1 on the ground)."""

    def send_imu(self) -> None:
        """Sends what the IMU has to send by now; never waits."""

    def inject(self, fault: str) -> None:
        """Something goes wrong now, written as in `faults` and without `at=`. Raises UsageError."""

    def statistics(self) -> TwinStatistics:
        """Sums since the start, a hundredth of a second old; final after `stop`."""

    def exchanges(self) -> Exchanges:
        """The last exchanges on the wire, as many as `exchanges` of the constructor; none before `stop`."""

    def stop(self) -> None:
        """Hangs up and removes the link."""

    @property
    def path(self) -> Path:
        """What a program opens: the link, or the device file."""

@final
class VirtualRobot:
    """The real loop, driver, supervisor and policy on a virtual clock, before emulated servos and an emulated IMU.

    `wait`, then `take_steps` until it returns 0, `set_joints` and `sample_imu`, then `tick`, over and over. It begins
    limp, and nobody wants anything of it. Rows are float32 buffers as those of `TwinHost`.
    """

    def __new__(cls, robot: Robot, policy: Policy, *, step_ns: int = ..., seed: int = ...) -> VirtualRobot:
        """`step_ns` is the length of a step of the physics, 0.1 to 100 ms; `seed` decides which bits flip."""

    def read_chip(self, has_switches: bool, seed: int) -> None:
        """From now on the IMU is a chip on an I²C bus, read by its driver. Without switches all contacts count as on
        the ground."""

    def wait(self) -> int:
        """Waits for the next tick; returns the time, ns."""

    def take_steps(self, row: Any) -> int:
        """Due steps of the physics that were driven alike, and in `row` [5n] by what; 0 where none is over."""

    def set_joints(self, row: Any) -> None:
        """What the joints do now [3n]: angles, velocities in rad/s, drives in N·m."""

    def sample_imu(self, row: Any, at_ns: int) -> None:
        """An IMU sample [8] of a time not before the last one's, ns."""

    def tick(self) -> str:
        """The robot's tick; returns the state it is in."""

    def record(self, folder: Path, policy: Policy, onnx: bytes) -> None:
        """Records every tick from now on into files of `folder`; `onnx` is the policy's file."""

    def end_recording(self) -> None:
        """Ends the recording. Raises RecordingError where not all of it could be written."""

    def inject(self, fault: str) -> None:
        """Something goes wrong, now or `at=` so much later, written as for `TwinHost`. Raises UsageError."""

    def starve(self, for_ns: int, *, after_ns: int = ...) -> None:
        """The loop gets no processor for so long, ten seconds at most."""

    def wish(self, wish: str, *, at_once: bool = False) -> None:
        """What the operator wants: "limp", "stand" or "walk"; `at_once` to be limp whatever the pose."""

    def command(self, vx_mps: float, vy_mps: float, wz_rps: float) -> None:
        """A velocity on a lease that never ends."""

    def emergency_stop(self) -> None:
        """Sets the emergency stop, which stays."""

    def take_events(self) -> list[tuple[int, str]]:
        """What it has said since this was last called: when, ns, and in words."""

    def watched(self) -> Watched:
        """What was counted, whatever happened."""

    @property
    def now_ns(self) -> int:
        """The time, ns."""

    @property
    def state(self) -> str:
        """The state after the last tick."""

    @property
    def reason(self) -> str:
        """Why it is in its state."""

    @property
    def torque_off_since_ns(self) -> int | None:
        """Since when no servo has had torque, to a step of the physics, ns; None while one has."""

def cut(data: bytes, from_s: float, to_s: float) -> bytes:
    """The part of a recording between two times after its first tick. Raises RecordingError."""

def repair(data: bytes) -> tuple[bytes, int]:
    """Whatever is whole of a recording that was cut, closed; and how many messages that is. Raises RecordingError."""
