"""The IMU's chip: what it has learned, in files, and how it is mounted, found out by tilting it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitway import files, inert
from gaitway.errors import UsageError
from gaitway.robot import CONFIG_NAME

SCHEMA = "gaitway.imu_calibration/1"
_HINT = "give a file of gaitway imu calibrate or imu_calib_data.pkl"
#: Keys of the published runtime's pickle, in the order of the registers.
_PUBLISHED = ("offsets_accelerometer", "offsets_magnetometer", "offsets_gyroscope")
#: An axis that carries less of gravity than this is not the one that was tilted, m/s².
_TILTED_MPS2 = 3.0


def address_remedy(address: int) -> str:
    """What makes a chip that answers at `address` be found at once."""
    return f'"imu_address": "0x{address:02x}" in {CONFIG_NAME} finds it at once'


@dataclass(frozen=True)
class Calibration:
    """What the chip has learned of itself, in its own units and axes."""

    accel: tuple[int, int, int]
    mag: tuple[int, int, int]
    gyro: tuple[int, int, int]
    #: Of accelerometer and magnetometer; the published runtime does not keep them.
    radii: tuple[int, int] | None = None

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Reads our JSON or the published runtime's `imu_calib_data.pkl`, of which nothing is run.

        Raises UsageError for what is neither.
        """
        data = files.read_bytes(path, "calibration")
        is_pickle = path.suffix == ".pkl"
        files.refuse_other_kinds(data, "pickle" if is_pickle else "json", "calibration", path, hint=_HINT)
        try:
            if is_pickle:
                found = inert.load(data)
                _refuse_other_chips(found)
                accel, mag, gyro = (_three(found[key]) for key in _PUBLISHED)
                return cls(accel, mag, gyro)
            try:
                found = json.loads(data)
            except ValueError as error:
                raise ValueError(f"expected JSON, found {files.describe(data)}") from error
            if not isinstance(found, dict):
                raise ValueError(f"expected an object, found {type(found).__name__}")
            if found.get("schema") != SCHEMA:
                raise ValueError(f"expected schema {SCHEMA}, found {found.get('schema')!r}")
            radii = found.get("radii")
            accel, mag, gyro = (_three(found[key]) for key in ("accel", "mag", "gyro"))
            return cls(accel, mag, gyro, None if radii is None else _two(radii))
        # Whatever a broken pickle makes its machine stumble over.
        except Exception as error:
            raise UsageError(f"calibration {path}: {error}", hint=_HINT) from error

    @classmethod
    def of_words(cls, words: Sequence[int]) -> "Calibration":
        """From what `_native.Imu` gives."""
        radii = _two(words[9:]) if len(words) > 9 else None
        return cls(_three(words[:3]), _three(words[3:6]), _three(words[6:9]), radii)

    @property
    def words(self) -> list[int]:
        """As `_native.Imu` takes it."""
        return [*self.accel, *self.mag, *self.gyro, *(self.radii or ())]

    def save(self, path: Path) -> None:
        """Writes JSON, which `gaitwayd --imu-calibration` reads."""
        rows = {"accel": self.accel, "mag": self.mag, "gyro": self.gyro, "radii": self.radii}
        files.write_bytes(path, (json.dumps({"schema": SCHEMA, **rows}) + "\n").encode(), "calibration")


def _refuse_other_chips(found: object) -> None:
    if not isinstance(found, dict):
        raise ValueError(f"expected a calibration of a BNO055, found {type(found).__name__}")
    if missing := [key for key in _PUBLISHED if key not in found]:
        names = ", ".join(str(key) for key in list(found)[:8])
        raise ValueError(f"expected a calibration of a BNO055, which has {missing[0]}; found one of another: {names}")


def mount(upright: Sequence[float], nose_down: Sequence[float]) -> list[str]:
    """Which of the chip's axes are forward, left and up, as a profile writes them: `["-y", "+x", "+z"]`.

    Both are specific forces in the chip's own axes [3], m/s²: of the robot upright, and with its nose lowered.
    Raises UsageError where they do not say.
    """
    up, up_sign = _largest(upright)
    rest = [0.0 if axis == up else value for axis, value in enumerate(nose_down)]
    # The force points up: away from the nose.
    forward, away_sign = _largest(rest)
    signs = {up: up_sign, forward: -away_sign}
    left = 3 - up - forward
    # Left is up times forward; the axes of the chip are right-handed.
    cyclic = (forward - up) % 3 == 1
    signs[left] = up_sign * -away_sign * (1 if cyclic else -1)
    return [f"{'+' if signs[axis] > 0 else '-'}{'xyz'[axis]}" for axis in (forward, left, up)]


def _largest(force: Sequence[float]) -> tuple[int, int]:
    axis = max(range(3), key=lambda axis: abs(force[axis]))
    if not abs(force[axis]) > _TILTED_MPS2:
        raise UsageError(
            f"force {[round(value, 1) for value in force]} m/s²: expected one axis with more than {_TILTED_MPS2:g}",
            hint="hold it still, and tilt it by more than 20 degrees",
        )
    return axis, 1 if force[axis] > 0 else -1


def _word(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -32768 <= value <= 32767:
        raise ValueError(f"expected whole numbers of 16 bits, found {value!r}")
    return value


def _three(values: Sequence[object]) -> tuple[int, int, int]:
    if len(values) != 3:
        raise ValueError(f"expected 3 offsets, found {len(values)}")
    return _word(values[0]), _word(values[1]), _word(values[2])


def _two(values: Sequence[object]) -> tuple[int, int]:
    if len(values) != 2:
        raise ValueError(f"expected 2 radii, found {len(values)}")
    return _word(values[0]), _word(values[1])
