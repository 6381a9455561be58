"""Reads a robot's `simulation.toml`: everything that is wrong with it is told at once, key by key."""

from collections.abc import Sequence
from pathlib import Path

from gaitway.robot import Robot
from gaitway.sim.description import (
    Backlash,
    Box,
    Contact,
    Description,
    GaitSizes,
    ImuSensors,
    Mirrored,
    MirrorNames,
    TrainingSizes,
    Trunk,
)
from gaitway.sim.fall import FallLimits
from gaitway.sim.tables import Table, read_tables

FILE, SCHEMA = "simulation.toml", "gaitway.simulation/1"

#: No robot is larger, m; no play is wider, rad; no servo is stiffer, N·m/rad.
_MOST_M, _MOST_PLAY_RAD, _MOST_STIFFNESS = 10.0, 0.2, 1e5


def description_of(robot: Robot) -> Description:
    """What stands beside the robot's profile. Raises ProfileError with every mistake of the file."""
    return load_description(robot.folder / FILE, robot.joint_names)


def load_description(path: Path, joints: Sequence[str]) -> Description:
    """The file at `path`, for a robot with these joints. Raises ProfileError with every mistake of the file."""
    what = "description of the simulation"
    return read_tables(path, what, SCHEMA, lambda table: _description(table, path.parent, joints))


def _description(table: Table, folder: Path, joints: Sequence[str]) -> Description:
    table.text("schema")
    contacts = tuple(_contact(part, joints) for part in table.tables("contacts"))
    names = [contact.name for contact in contacts]
    if len(set(names)) != len(names):
        table.refuse("contacts", "a name of its own for each contact")
    read = Description(
        model=folder / table.text("model"),
        floor=table.text("floor"),
        trunk=_trunk(table.table("trunk")) if "trunk" in table else None,
        imu=_imu(table.table("imu")) if "imu" in table else None,
        contacts=contacts,
        backlash=_backlash(table.table("backlash"), joints) if "backlash" in table else None,
        fall=_fall(table.table("fall")) if "fall" in table else None,
        groups=_groups(table.table("groups"), joints),
        noise_by_part_rad=_noise(table.table("noise")),
        mirror=_mirror(table.table("mirror"), joints, names) if "mirror" in table else None,
        gait=_gait(table.table("gait")) if "gait" in table else None,
        training=_training(table.table("training")) if "training" in table else None,
    )
    if read.fall is not None and read.trunk is None:
        table.refuse("fall", "a [trunk] that can fall")
    table.finish()
    return read


def _trunk(table: Table) -> Trunk:
    read = Trunk(table.text("body"), table.text("free_joint"), table.number("lift_m", 0.0, _MOST_M))
    table.finish()
    return read


def _imu(table: Table) -> ImuSensors:
    read = ImuSensors(table.text("gyro"), table.text("accelerometer"))
    table.finish()
    return read


def _contact(table: Table, joints: Sequence[str]) -> Contact:
    flexion = table.table("swing")
    for joint in flexion.keys:
        if joint not in joints:
            table.refuse("swing", f"joints of the robot ({', '.join(joints)})")
    read = Contact(
        name=table.text("name"),
        geom=table.text("geom"),
        body=table.text("body"),
        site=table.text("site"),
        up_axis=table.choice("up_axis", ("x", "y", "z"), "z"),
        phase=table.number("phase", 0.0, 1.0, 0.0),
        swing={joint: flexion.number(joint, -10.0, 10.0) for joint in flexion.keys},
        box=_box(table.table("box")) if "box" in table else None,
    )
    table.finish()
    return read


def _box(table: Table) -> Box:
    read = Box(table.numbers("centre_m", 3, -_MOST_M, _MOST_M), table.numbers("half_m", 3, 1e-6, _MOST_M))
    table.finish()
    return read


def _backlash(table: Table, joints: Sequence[str]) -> Backlash:
    read = Backlash(
        joints=table.names("joints", joints, "joint"),
        half_range_rad=table.number("half_range_rad", 0.0, _MOST_PLAY_RAD),
        damping_nm_s_per_rad=table.number("damping_nm_s_per_rad", 0.0, 100.0),
        armature_kg_m2=table.number("armature_kg_m2", 0.0, 100.0),
        kp_nm_per_rad=table.number("kp_nm_per_rad", 1e-6, _MOST_STIFFNESS),
        kp_without_nm_per_rad=table.number("kp_without_nm_per_rad", 1e-6, _MOST_STIFFNESS),
    )
    table.finish()
    return read


def _fall(table: Table) -> FallLimits:
    read = FallLimits(table.number("height_m", 0.0, _MOST_M), table.number("up_z", -1.0, 1.0))
    table.finish()
    return read


def _groups(table: Table, joints: Sequence[str]) -> dict[str, tuple[str, ...]]:
    return {name: table.names(name, joints, "joint") for name in table.keys}


def _noise(table: Table) -> dict[str, float]:
    parts = table.table("joint_position_by_part_rad")
    table.finish()
    return {part: parts.number(part, 0.0, 1.0) for part in parts.keys}


def _mirror(table: Table, joints: Sequence[str], contacts: Sequence[str]) -> MirrorNames:
    commands = table.table("commands")
    read = MirrorNames(
        joints=_mirrored(table.table("joints"), joints),
        commands=_mirrored(commands, commands.keys),
        contacts=_mirrored(table.table("contacts"), contacts),
    )
    table.finish()
    return read


def _mirrored(table: Table, known: Sequence[str]) -> Mirrored:
    """Both directions of every pair; all of `known` must be in one."""
    pairs: dict[str, tuple[str, int]] = {}
    for name in table.keys:
        text = table.text(name)
        sign, other = text[:1], text[1:]
        if sign not in ("+", "-") or other not in known or name not in known:
            table.refuse(name, f"+ or - and one of {', '.join(known)}")
            continue
        pairs[name] = (other, -1 if sign == "-" else 1)
        pairs[other] = (name, pairs[name][1])
    for name in known:
        if name not in pairs:
            table.refuse(name, "+ or - and the name of what it becomes")
    return pairs


def _gait(table: Table) -> GaitSizes:
    read = GaitSizes(
        trunk_height_m=table.number("trunk_height_m", 0.0, _MOST_M),
        sole_height_m=table.number("sole_height_m", -_MOST_M, _MOST_M),
        swing_height_m=table.number("swing_height_m", 1e-6, _MOST_M),
        swing_share=table.number("swing_share", 1e-6, 0.5),
        sole_half_m=table.numbers("sole_half_m", 2, 0.0, _MOST_M),
        centre_of_mass_m=table.numbers("centre_of_mass_m", 2, -_MOST_M, _MOST_M),
        feet_apart_m=table.number("feet_apart_m", 0.0, _MOST_M),
    )
    table.finish()
    return read


def _training(table: Table) -> TrainingSizes:
    read = TrainingSizes(
        fall=_fall(table.table("fall")),
        start_height_m=table.range("start_height_m", 0.0, _MOST_M),
        load_kg=table.range("load_kg", -100.0, 100.0),
        centre_m=table.numbers("centre_m", 3, 0.0, _MOST_M),
        play_rad=table.range("play_rad", 0.0, _MOST_PLAY_RAD),
    )
    table.finish()
    return read
