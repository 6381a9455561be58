"""`Effort`: what a run costs the servos and the soles, sampled at every step of the physics."""

import math
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gaitway.sim import RobotSim

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EffortFigures:
    """Sums and shares of one run."""

    #: Mean over joints and time of the drives' squared torque, (N·m)².
    torque_square_nm2: float
    #: Weight of the robot that was simulated, N.
    weight_n: float
    #: What the drives put in and took out, ∫|τω|dt, J.
    energy_j: float
    #: Mean speed of the soles over the floor where they carry load, by the load, m/s.
    slip_mps: float
    #: Torque of each joint that 99 % of the time stay below, as a share of the most the servo has.
    torque_p99: tuple[float, ...]
    #: The same of its speed, as a share of the speed of a servo without load.
    speed_p99: tuple[float, ...]
    #: Share of the time each joint's drive gives the most it has.
    torque_saturated: tuple[float, ...]


class Effort:
    """Samples one simulation; `watch` after every step of the physics, `tick` after every tick."""

    def __init__(self, sim: RobotSim, ticks: int) -> None:
        self._sim = sim
        joints = len(sim.robot.joint_names)
        self._torque = np.empty((ticks * sim.substeps, joints))
        self._speed = np.empty_like(self._torque)
        self._samples = 0
        self._load_n = self._load_way_nmps = 0.0
        self._force, self._velocity = np.empty(6), np.empty(6)

    def watch(self) -> None:
        """Takes a sample of the joints."""
        data = self._sim.data
        self._torque[self._samples] = data.actuator_force
        self._speed[self._samples] = data.qvel[self._sim.layout.qvel]
        self._samples += 1

    def tick(self) -> None:
        """Takes a sample of the soles."""
        model, data, layout = self._sim.model, self._sim.data, self._sim.layout
        for index in range(data.ncon):
            contact = data.contact[index]
            pair = {int(contact.geom1), int(contact.geom2)}
            if layout.floor not in pair:
                continue
            (other,) = pair - {layout.floor}
            mujoco.mj_contactForce(model, data, index, self._force)
            mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_GEOM, other, self._velocity, 0)
            turn_x, turn_y, turn_z, x, y, _ = self._velocity.tolist()
            arm_x, arm_y, arm_z = (contact.pos - data.geom_xpos[other]).tolist()
            load_n = float(self._force[0])
            self._load_n += load_n
            self._load_way_nmps += load_n * math.hypot(
                x + turn_y * arm_z - turn_z * arm_y, y + turn_z * arm_x - turn_x * arm_z
            )

    @property
    def slip_mps(self) -> float:
        """Mean speed of loaded soles over the floor so far, by the load."""
        return self._load_way_nmps / self._load_n if self._load_n > 0 else 0.0

    def figures(self) -> EffortFigures:
        """The figures of what has been sampled."""
        torque, speed = np.abs(self._torque[: self._samples]), np.abs(self._speed[: self._samples])
        # Where the physics broke down there are samples without numbers.
        sound = np.isfinite(torque).all(axis=1) & np.isfinite(speed).all(axis=1)
        torque, speed = torque[sound], speed[sound]
        model = self._sim.model
        step_s = float(model.opt.timestep)
        strongest = model.actuator_forcerange[:, 1]
        fastest = np.array(self._sim.robot.velocity_limits_rps)
        return EffortFigures(
            torque_square_nm2=float((torque**2).mean()),
            weight_n=float(model.body_mass.sum() * -model.opt.gravity[2]),
            energy_j=float((torque * speed).sum() * step_s),
            slip_mps=self.slip_mps,
            torque_p99=tuple((np.quantile(torque, 0.99, axis=0) / strongest).tolist()),
            speed_p99=tuple((np.quantile(speed, 0.99, axis=0) / fastest).tolist()),
            torque_saturated=tuple((torque >= 0.999 * strongest).mean(axis=0).tolist()),
        )
