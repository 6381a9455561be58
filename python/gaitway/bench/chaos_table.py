"""The classes of faults, how each is made, and what may come of it. Written before anything strikes."""

from dataclasses import dataclass
from enum import StrEnum


class May(StrEnum):
    """What the loop may do about a fault."""

    RUN_ON = "runs on"
    HOLD = "may hold, then runs again"
    END_LIMP = "may end limp"
    BE_LIMP = "is limp in the end"


@dataclass(frozen=True, slots=True)
class FaultClass:
    """One class of faults.

    `steps` are what happens, each so many ms after the strike: faults as `gaitway twin` takes them, or one of
    `starve=MS`, `command-nan`, `command`, `wish-limp`, `wish-limp-at-once`, `emergency-stop`, `block`, `block-knee`,
    `unblock`. `{servo}` and `{other}` are two servos by chance, `{keep}` bytes of an answer, `{late}` µs,
    `{seed}` decides which bits flip, `{turn}` is a turn of the encoder either way.
    """

    name: str
    steps: tuple[tuple[int, str], ...]
    may: May
    #: Whether the robot may fall before it is limp.
    may_fall: bool
    #: Faults in an episode.
    per_episode: int
    #: After so many ticks the outcome is judged; what is limp earlier is judged then, but not before the last step.
    judged_after: int
    #: Torque is off on every servo so long after the strike, ms, where that is promised.
    off_within_ms: int | None = None
    #: Strikes anywhere in a period, in the middle of an exchange too; otherwise between two ticks.
    any_time: bool = True


#: A limp robot has torque for so long at most while its bus is plugged in, ms: two ticks.
LIMP_WITHIN_MS = 40
#: The same after the bus was plugged in again, ms: limp is said again in every tenth tick.
REPLUGGED_WITHIN_MS = 240

_SPEAKS = "speaks servo={servo}"

TABLE = (
    FaultClass("nothing, for comparison", (), May.RUN_ON, False, 10, 100),
    FaultClass("answer lost", ((0, "lost servo={servo}"),), May.RUN_ON, False, 20, 50),
    FaultClass("answer cut", ((0, "cut servo={servo} keep={keep}"),), May.RUN_ON, False, 20, 50),
    FaultClass("answer corrupted", ((0, "corrupted servo={servo} bits=1"),), May.RUN_ON, False, 20, 50),
    FaultClass("answer late, up to 4 ms", ((0, "late servo={servo} by={late}us"),), May.RUN_ON, False, 20, 50),
    FaultClass("answer twice", ((0, "duplicated servo={servo}"),), May.RUN_ON, False, 20, 50),
    FaultClass("request lost", ((0, "request-lost"),), May.RUN_ON, False, 20, 50),
    FaultClass("request corrupted", ((0, "request-corrupted bits=1"),), May.RUN_ON, False, 20, 50),
    FaultClass(
        "servo silent 0.1 s, later ones answer",
        ((0, "silent servo={servo} later=answer"), (100, _SPEAKS)), May.RUN_ON, True, 10, 60,
    ),
    FaultClass(
        "servo silent 0.1 s, later ones wait",
        ((0, "silent servo={servo} later=wait"), (100, _SPEAKS)), May.RUN_ON, True, 10, 60,
    ),
    FaultClass(
        "servo silent 0.6 s, later ones answer",
        ((0, "silent servo={servo} later=answer"), (600, _SPEAKS)), May.RUN_ON, True, 5, 90,
    ),
    FaultClass(
        "servo silent 1.5 s, later ones answer",
        ((0, "silent servo={servo} later=answer"), (1500, _SPEAKS)), May.HOLD, True, 2, 150,
    ),
    FaultClass(
        "servo silent 0.6 s, later ones wait",
        ((0, "silent servo={servo} later=wait"), (600, _SPEAKS)), May.RUN_ON, True, 5, 90,
    ),
    FaultClass(
        "servo silent 1.5 s, later ones wait",
        ((0, "silent servo={servo} later=wait"), (1500, _SPEAKS)), May.HOLD, True, 2, 150,
    ),
    FaultClass("servo reset", ((0, "reset servo={servo}"),), May.HOLD, True, 4, 100),
    FaultClass(
        "two ids swapped", ((0, "swap-ids first={servo} second={other}"),), May.END_LIMP, True, 1, 150, any_time=False
    ),
    FaultClass("overload", ((0, "overload servo={servo}"),), May.BE_LIMP, True, 1, 50),
    FaultClass("too hot", ((0, "over-temperature servo={servo}"),), May.BE_LIMP, True, 1, 300),
    FaultClass("supply sags 1 V for 1 s", ((0, "sag volts=1"), (1000, "sag volts=0")), May.RUN_ON, False, 4, 100),
    FaultClass("supply sags 1.6 V for good", ((0, "sag volts=1.6"),), May.BE_LIMP, True, 1, 300),
    FaultClass("unplugged for 0.5 s", ((0, "unplug"), (500, "replug")), May.HOLD, True, 3, 110),
    FaultClass(
        "unplugged for 3 s", ((0, "unplug"), (3000, "replug")), May.BE_LIMP, True, 1, 200,
        off_within_ms=3000 + REPLUGGED_WITHIN_MS,
    ),
    FaultClass("unplugged for good", ((0, "unplug"),), May.BE_LIMP, True, 1, 200),
    FaultClass("loop starved 30 ms", ((0, "starve=30"),), May.RUN_ON, False, 20, 50),
    FaultClass("loop starved 100 ms", ((0, "starve=100"),), May.HOLD, True, 10, 60),
    FaultClass(
        "loop starved 130 ms, six times a second for 2 s",
        tuple((at, "starve=130") for at in range(0, 2000, 160)), May.HOLD, True, 1, 250,
    ),
    FaultClass("IMU lost 60 ms", ((0, "imu-lost for=60ms"),), May.RUN_ON, False, 10, 60),
    FaultClass("IMU late by 30 ms for 0.3 s", ((0, "imu-late by=30ms for=300ms"),), May.RUN_ON, False, 8, 75),
    FaultClass("IMU lost 0.3 s", ((0, "imu-lost for=300ms"),), May.HOLD, True, 4, 90),
    FaultClass("IMU frozen 0.3 s", ((0, "imu-frozen for=300ms"),), May.HOLD, True, 4, 90),
    FaultClass(
        "a bit flips in the IMU's samples, four times in 1 s", ((0, "imu-flip every=250ms for=1 seed={seed}"),),
        May.RUN_ON, False, 8, 100,
    ),
    FaultClass(
        "bits flip in every third sample of the IMU for 1 s", ((0, "imu-flip every=30ms for=1 seed={seed}"),),
        May.HOLD, True, 4, 150,
    ),
    FaultClass(
        "bits flip in every sample of the IMU for 1 s", ((0, "imu-flip every=0 for=1 seed={seed}"),),
        May.HOLD, True, 2, 150,
    ),
    FaultClass(
        "one servo measures 0.0 V", ((0, "shows servo={servo} register=62 value=0"),), May.RUN_ON, False, 1, 150
    ),
    FaultClass(
        "one servo measures 200 °C", ((0, "shows servo={servo} register=63 value=200"),), May.RUN_ON, False, 1, 150
    ),
    FaultClass(
        "one servo measures 13 A", ((0, "shows servo={servo} register=69 value=2000"),), May.RUN_ON, False, 1, 150
    ),
    FaultClass(
        "one servo's speed reads 25 rad/s", ((0, "shows servo={servo} register=58 value=16384"),),
        May.BE_LIMP, True, 1, 250, off_within_ms=4500,
    ),
    FaultClass("supply rises to 12 V", ((0, "sag volts=-4.6"),), May.BE_LIMP, True, 1, 100, off_within_ms=1000),
    FaultClass(
        "a position is a turn off for 0.1 s",
        ((0, "position-off servo={servo} counts=4096"), (100, "position-off servo={servo} counts=0")),
        May.RUN_ON, True, 10, 60,
    ),
    FaultClass(
        "a position is a turn off", ((0, "position-off servo={servo} counts={turn}"),), May.BE_LIMP, True, 1, 250,
        off_within_ms=4500,
    ),
    FaultClass("command that is no number, 0.2 s", ((0, "command-nan"), (200, "command")), May.RUN_ON, False, 10, 60),
    FaultClass("joint blocked 4 s", ((0, "block"), (4000, "unblock")), May.END_LIMP, True, 1, 300),
    FaultClass("knee blocked 6 s", ((0, "block-knee"), (6000, "unblock")), May.END_LIMP, True, 1, 400),
    FaultClass("told to stop softly", ((0, "wish-limp"),), May.BE_LIMP, True, 1, 100, off_within_ms=1100),
    FaultClass("told to stop at once", ((0, "wish-limp-at-once"),), May.BE_LIMP, True, 1, 25, off_within_ms=40),
    FaultClass("emergency stop", ((0, "emergency-stop"),), May.BE_LIMP, True, 1, 25, off_within_ms=40),
)  # fmt: skip
