"""Many robots in MuJoCo: one model, as many robots and floors as there are simulations."""

from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np
import torch
from mujoco.batch import Batch
from numpy.typing import NDArray

from gaitway.errors import TrainingError
from gaitway.robot import Robot
from gaitway.sim.description import Contact, Description
from gaitway.sim.layout import Layout
from gaitway.sim.model import add_backlash, set_gain
from gaitway.sim.trunk import POSE, VELOCITY
from gaitway.train.config import Physics

if TYPE_CHECKING:
    from gaitway._native import BatchLayout

_UP = {
    "x": mujoco.mjtSensor.mjSENS_FRAMEXAXIS,
    "y": mujoco.mjtSensor.mjSENS_FRAMEYAXIS,
    "z": mujoco.mjtSensor.mjSENS_FRAMEZAXIS,
}


def build_model(robot: Robot, description: Description, kp: list[float], physics: Physics) -> mujoco.MjModel:
    """The robot's model without what is only seen, with sensors at the feet, and with the gains `kp` [n]."""
    spec = mujoco.MjSpec.from_file(str(description.model))
    for geom in list(spec.geoms):
        if geom.contype == 0 and geom.conaffinity == 0 and not _bears_mass(spec, geom):
            spec.delete(geom)
    if description.backlash is not None and physics.play_rad[1] > 0:
        add_backlash(spec, description.backlash)
    for contact in description.contacts:
        _sense_contact(spec, contact, description.floor)
    model = spec.compile()
    model.opt.iterations = physics.iterations
    model.opt.ls_iterations = physics.ls_iterations
    for joint, gain in enumerate(kp):
        set_gain(model, joint, gain * robot.stiffness_per_kp)
    return model


def _bears_mass(spec: mujoco.MjSpec, geom: mujoco.MjsGeom) -> bool:
    """Whether the mass of the geom's body is made of its geoms."""
    mode = mujoco.mjtInertiaFromGeom(spec.compiler.inertiafromgeom)
    if mode == mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_AUTO:
        return not geom.parent.explicitinertial
    return bool(mode == mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_TRUE)


def _sense_contact(spec: mujoco.MjSpec, contact: Contact, floor: str) -> None:
    """Sensors of load, place, attitude and velocity of a sole."""
    geom, site = mujoco.mjtObj.mjOBJ_GEOM, mujoco.mjtObj.mjOBJ_SITE
    found_and_force = 1 << int(mujoco.mjtConDataField.mjCONDATA_FOUND) | 1 << int(
        mujoco.mjtConDataField.mjCONDATA_FORCE
    )
    spec.add_sensor(
        name=f"{contact.name}_contact",
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=geom,
        objname=contact.geom,
        reftype=geom,
        refname=floor,
        intprm=[found_and_force, 0, 1],
    )
    for what, kind, objtype, name in (
        ("position", mujoco.mjtSensor.mjSENS_FRAMEPOS, geom, contact.geom),
        ("up", _UP[contact.up_axis], geom, contact.geom),
        ("velocity", mujoco.mjtSensor.mjSENS_FRAMELINVEL, site, contact.site),
    ):
        spec.add_sensor(name=f"{contact.name}_{what}", type=kind, objtype=objtype, objname=name)


class BatchPhysics:
    """`count` simulations of one robot, each with its own body, floor and time step."""

    def __init__(
        self,
        robot: Robot,
        description: Description,
        kp: list[float],
        physics: Physics,
        count: int,
        rate_hz: int,
        threads: int,
        seed: int,
    ) -> None:
        self.description = description
        self.model = build_model(robot, description, kp, physics)
        self.batch = Batch(self.model, count, nthread=threads)
        self.count = count
        self.qpos: NDArray[np.float64] = self.batch.bind("qpos")
        self.qvel: NDArray[np.float64] = self.batch.bind("qvel")
        self.ctrl: NDArray[np.float64] = self.batch.bind("ctrl")
        self.sensordata: NDArray[np.float64] = self.batch.bind("sensordata")
        self.torque_nm: NDArray[np.float64] = self.batch.bind("actuator_force")
        self._warm: NDArray[np.float64] = self.batch.bind("qacc_warmstart")
        self._time: NDArray[np.float64] = self.batch.bind("time")
        self._at = at = Layout(self.model, description, robot.joint_names)
        if at.trunk_qpos is None or at.trunk_qvel is None:
            raise TrainingError(
                f"{robot.name}: expected a trunk that moves freely, found a fixed base",
                hint="the trainer trains gaits: [trunk] of simulation.toml names the trunk",
            )
        #: Pose [count, 7] and velocity [count, 6] of every trunk: views into the state.
        self._trunk = (
            slice(at.trunk_qpos, at.trunk_qpos + POSE),
            slice(at.trunk_qvel, at.trunk_qvel + VELOCITY),
        )
        self.trunk_pose, self.trunk_velocity = self.trunk_of(self.qpos, self.qvel)
        self.joint_qpos, self.joint_qvel = self._at.qpos, self._at.qvel
        self._set_steps(physics, rate_hz)
        self._draw(physics, np.random.default_rng([seed, 0xB0D1]))

    def trunk_of(
        self, qpos: NDArray[np.float64], qvel: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pose and velocity of the trunks in rows of states: views into them."""
        pose, velocity = self._trunk
        return qpos[:, pose], qvel[:, velocity]

    def _set_steps(self, physics: Physics, rate_hz: int) -> None:
        fine = round(physics.fine_share * self.count)
        steps = np.full(self.count, physics.coarse_s)
        steps[:fine] = physics.fine_s
        timestep = self.batch.expand("opt.timestep")
        timestep[:] = steps.reshape(timestep.shape)
        self._groups = []
        for step_s, ids in ((physics.fine_s, np.arange(fine)), (physics.coarse_s, np.arange(fine, self.count))):
            exact = 1.0 / (rate_hz * step_s)
            if abs(exact - round(exact)) > 1e-6:
                raise TrainingError(
                    f"physics: {rate_hz} Hz is no whole number of steps of {step_s} s",
                    hint="choose fine_s and coarse_s so that it is",
                )
            if len(ids):
                self._groups.append((ids.astype(np.int32), round(exact)))

    def _draw(self, physics: Physics, random: np.random.Generator) -> None:
        """Draws every robot's body and floor."""
        model, count, uniform = self.model, self.count, random.uniform
        floor = self._at.floor
        self.friction = uniform(*physics.friction, count)
        self.batch.expand("geom_friction")[:, floor, 0] = self.friction
        self.stiffness = uniform(*physics.stiffness, count)
        factor = self.stiffness[:, None] * uniform(*physics.joint_stiffness, (count, model.nu))
        self.batch.expand("actuator_gainprm")[:, :, 0] *= factor
        self.batch.expand("actuator_biasprm")[:, :, 1] *= factor
        self.batch.expand("dof_frictionloss")[:] *= uniform(*physics.friction_loss, (count, model.nv))
        self.batch.expand("dof_armature")[:] *= uniform(*physics.armature, (count, model.nv))
        self.batch.expand("dof_damping")[:] *= uniform(*physics.damping, (count, model.nv))
        mass, inertia = self.batch.expand("body_mass"), self.batch.expand("body_inertia")
        by_body = uniform(*physics.mass, (count, model.nbody))
        mass[:] *= by_body
        inertia[:] *= by_body[:, :, None]
        assert self.description.trunk is not None
        trunk = model.body(self.description.trunk.body).id
        self.load_kg = uniform(*physics.load_kg, count)
        mass[:, trunk] += self.load_kg
        self.batch.expand("body_ipos")[:, trunk] += uniform(-1, 1, (count, 3)) * np.array(physics.centre_m)
        if len(self._at.backlash_joints):
            play = uniform(*physics.play_rad, (count, 1))
            which = [
                model.joint(joint).id for joint in range(model.njnt) if model.joint(joint).name.endswith("_backlash")
            ]
            ranges = self.batch.expand("jnt_range")
            ranges[:, which, 0], ranges[:, which, 1] = -play, play
        self.batch.set_const()

    def step(self) -> None:
        """One control step of every robot. Raises TrainingError where a simulation breaks down."""
        try:
            for ids, nstep in self._groups:
                self.batch.step(ids, nstep=nstep)
        except mujoco.batch.SimulationError as error:
            raise TrainingError(f"physics: {error}", hint="a smaller time step, or weaker pushes") from error

    def place(self, which: NDArray[np.int32], qpos: NDArray[np.float64], qvel: NDArray[np.float64]) -> None:
        """Puts the robots `which` into a state, with sensors that show it."""
        self.batch.reset(which, keyframe=0, stage=0)
        self.qpos[which] = qpos
        self.qvel[which] = qvel
        self.ctrl[which] = qpos[:, self.joint_qpos]
        self.batch.forward(which)

    @property
    def joint_position_rad(self) -> NDArray[np.float64]:
        """Joint angles [count, n] as they truly are, play included, rad."""
        position: NDArray[np.float64] = self.qpos[:, self.joint_qpos]
        position[:, self._at.backlash_joints] += self.qpos[:, self._at.backlash_qpos]
        return position

    def sensor(self, name: str) -> NDArray[np.float64]:
        """A view of one sensor's numbers [count, dim]."""
        sensor = self.model.sensor(name)
        first = int(sensor.adr[0])
        return self.sensordata[:, first : first + int(sensor.dim[0])]

    def contacts(self, what: str, columns: slice) -> NDArray[np.float64]:
        """Columns of one sensor of every contact [count, k, columns]: contact, position, up or velocity."""
        rows = [self.sensor(f"{contact.name}_{what}")[:, columns] for contact in self.description.contacts]
        return np.stack(rows, axis=1) if rows else np.zeros((self.count, 0, columns.stop - columns.start))

    def layout(self) -> "BatchLayout":
        """Where things lie in the rows, for the core."""

        at = self._at

        def first(name: str) -> int:
            return int(self.model.sensor(name).adr[0])

        imu = self.description.imu
        if imu is None:
            raise TrainingError(
                "simulation.toml: expected an [imu], found none", hint="name the model's sensors in [imu]"
            )
        contacts = tuple(first(f"{contact.name}_contact") for contact in self.description.contacts)
        return {
            "qpos_len": self.model.nq,
            "qvel_len": self.model.nv,
            "sensor_len": self.model.nsensordata,
            "joint_qpos": self.joint_qpos.tolist(),
            "joint_qvel": self.joint_qvel.tolist(),
            "play_qpos": list(zip(at.backlash_joints.tolist(), at.backlash_qpos.tolist(), strict=True)),
            "gyro": first(imu.gyro),
            "accelerometer": first(imu.accelerometer),
            "contacts": list(contacts),
        }

    _SAVED = ("qpos", "qvel", "ctrl", "_warm", "_time")

    def save(self) -> dict[str, Any]:
        """Everything that changes."""
        return {name: torch.from_numpy(getattr(self, name).copy()) for name in self._SAVED}

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts a saved state back."""
        for name in self._SAVED:
            getattr(self, name)[:] = saved[name].numpy()
