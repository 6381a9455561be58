"""Writes docs/pictures/zero.png: all joints at zero, from the side and from the front."""

import math
import tempfile
from pathlib import Path

import mujoco
import numpy as np
from PIL import Image

from gaitway import Robot
from gaitway.sim.render import render_still

OUT = Path(__file__).resolve().parents[1] / "docs/pictures/zero.png"
#: Height of the trunk over feet that touch the ground with straight legs, m.
_HEIGHT_M = 0.2
_SIZE_PX = 360
#: How the trunk is turned before the same camera: its left side, then its front, rad.
_TURNS_RAD = (-math.pi / 4, -3 * math.pi / 4)


def main() -> None:
    """Renders both views side by side."""
    model = mujoco.MjModel.from_xml_path(str(Robot.load().folder / "model.xml"))
    picture = Image.new("RGB", (2 * _SIZE_PX, _SIZE_PX))
    for place, turn_rad in enumerate(_TURNS_RAD):
        qpos = np.zeros(model.nq)
        qpos[2] = _HEIGHT_M
        qpos[3], qpos[6] = math.cos(turn_rad / 2), math.sin(turn_rad / 2)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "view.png"
            render_still(model, qpos, path, width=_SIZE_PX, height=_SIZE_PX)
            picture.paste(Image.open(path), (place * _SIZE_PX, 0))
    picture.save(OUT, optimize=True)


if __name__ == "__main__":
    main()
