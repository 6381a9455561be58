"""How the physics is computed: what a simulator chooses and a robot never sees."""

from dataclasses import dataclass

import mujoco

from gaitway.errors import UsageError
from gaitway.sim.description import Description

#: Names of the friction cones, as MuJoCo's files have them.
CONES = {"pyramidal": mujoco.mjtCone.mjCONE_PYRAMIDAL, "elliptic": mujoco.mjtCone.mjCONE_ELLIPTIC}


@dataclass(frozen=True, slots=True)
class Physics:
    """What differs from the model file; None leaves a setting as it is there.

    A policy that walks under one setting only has learned the simulator.
    """

    #: Time step, s.
    timestep_s: float | None = None
    #: Most iterations of the solver, and of its line search.
    iterations: int | None = None
    ls_iterations: int | None = None
    #: Friction cone: pyramidal or elliptic.
    cone: str | None = None
    #: The floor's contacts: time constant in s and damping ratio; and least, most impedance and width in m.
    solref: tuple[float, float] | None = None
    solimp: tuple[float, float, float] | None = None
    #: Soles that are boxes of the flat part's size, without the mesh's rim.
    box_soles: bool = False

    def __post_init__(self) -> None:
        self._check("timestep_s", self.timestep_s, 1e-5, 0.01)
        self._check("iterations", self.iterations, 1, 1000)
        self._check("ls_iterations", self.ls_iterations, 1, 1000)
        for name, row in (("solref", self.solref), ("solimp", self.solimp)):
            for value in row or ():
                self._check(name, value, 1e-4, 10.0)
        if self.cone is not None and self.cone not in CONES:
            raise UsageError(f"cone: expected {' or '.join(CONES)}, found {self.cone!r}", hint="correct cone")

    def _check(self, name: str, value: float | None, low: float, high: float) -> None:
        if value is not None and not low <= value <= high:
            raise UsageError(f"{name}: expected {low:g} to {high:g}, found {value}", hint=f"correct {name}")


def apply_physics(spec: mujoco.MjSpec, physics: Physics, description: Description) -> None:
    """Writes the settings into a model that is not compiled yet."""
    option, floor = spec.option, spec.geom(description.floor)
    if physics.timestep_s is not None:
        option.timestep = physics.timestep_s
    if physics.iterations is not None:
        option.iterations = physics.iterations
    if physics.ls_iterations is not None:
        option.ls_iterations = physics.ls_iterations
    if physics.cone is not None:
        option.cone = CONES[physics.cone]
    # The floor has priority: its numbers hold for every contact with it.
    if physics.solref is not None:
        floor.solref = physics.solref
    if physics.solimp is not None:
        floor.solimp[:3] = physics.solimp
    for contact in description.contacts:
        if physics.box_soles and contact.box is not None:
            sole = spec.geom(contact.geom)
            sole.type, sole.meshname = mujoco.mjtGeom.mjGEOM_BOX, ""
            sole.pos, sole.size = contact.box.centre_m, contact.box.half_m
