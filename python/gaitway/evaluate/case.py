"""`Case`: one run of the battery, complete as plain data, so that any process can play it."""

from dataclasses import dataclass, replace

from gaitway.evaluate.plan import Plan, Row
from gaitway.sim import Noise, Variation, World

#: Seconds at the start of a run, or after a step, that are left out of means: the robot finds its gait.
SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything is run."""

    #: Seeds of each command of the grid, and seconds of each run.
    track_seeds: int
    track_s: float
    #: Seconds of each head command.
    head_s: float
    #: Gait phases at which a command steps.
    phases: int
    #: Runs without pushes from each kind of start, of standing still, and of each kind of push; and their seconds.
    starts: int
    start_s: float
    stands: int
    pushes: int
    push_s: float
    #: Seeds and seconds of each command at each point of a sweep.
    sweep_seeds: int
    sweep_s: float


FULL = Scale(
    track_seeds=3,
    track_s=20.0,
    head_s=8.0,
    phases=9,
    starts=20,
    start_s=20.0,
    stands=4,
    pushes=100,
    push_s=15.0,
    sweep_seeds=2,
    sweep_s=10.0,
)
QUICK = Scale(
    track_seeds=1,
    track_s=8.0,
    head_s=5.0,
    phases=3,
    starts=5,
    start_s=8.0,
    stands=1,
    pushes=20,
    push_s=15.0,
    sweep_seeds=1,
    sweep_s=5.0,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One run: a world, a seed, and what is asked of the robot."""

    #: Where its figures go: the part, then what the part counts by, then the point.
    key: tuple[str, ...]
    world: World
    seed: int
    #: Seconds and command, one after the other.
    segments: tuple[tuple[float, Row], ...]
    backlash: bool = True
    #: Torque, energy and slip are measured between ticks, too.
    effort: bool = False
    #: Tick at which the command steps, where the response is wanted tick by tick.
    step_tick: int | None = None

    @property
    def seconds(self) -> float:
        """Length of the run, s."""
        return sum(seconds for seconds, _ in self.segments)

    @property
    def command(self) -> Row:
        """What is asked in the first segment."""
        return self.segments[0][1]


def exactly(world: World, *, friction: float, mass: float = 1.0, stiffness: float = 1.0) -> World:
    """`world` with this friction of the floor, and these factors on all masses and all servos' stiffness."""
    ranges = Variation(
        friction=(friction, friction),
        mass=(mass, mass),
        stiffness=(stiffness, stiffness),
        friction_loss=(1.0, 1.0),
        armature=(1.0, 1.0),
        action_delay_ticks=0,
        imu_delay_ticks=0,
    )
    return replace(world, variation=ranges)


def noisy() -> World:
    """A world with the sensor noise that the community's policy was trained with, and nothing else wrong."""
    return World(noise=Noise())


def in_model(plan: Plan, model: str, world: World) -> tuple[bool, World]:
    """Whether `model` has backlash, and `world` with its servos."""
    play = plan.description.backlash
    if model == "backlash" or play is None:
        return (model == "backlash", world)
    return (False, exactly(world, friction=plan.floor_friction, stiffness=play.flat_stiffness))


def seed_of(seed: int, run: int) -> int:
    """Seed of a run: it depends on nothing but the battery's seed and the run's number, so runs are paired."""
    return seed * 1000 + run
