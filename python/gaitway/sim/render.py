"""Pictures and films of a simulation, on machines with and without a display.

MuJoCo's own Renderer fixes its OpenGL backend when `mujoco` is first imported. Here the backend is chosen by
trying when a picture is asked for, so that a computer without a display needs no environment variable.
"""

import functools
import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import av
import mujoco
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from gaitway import files
from gaitway.errors import SimulationError, UsageError
from gaitway.sim.gif import write_gif

Progress = Callable[[int, int], None]

_CAMERA = "track"
_TRIAL = """
import mujoco, mujoco.{backend}
gl = mujoco.{backend}.GLContext(8, 8)
gl.make_current()
mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), mujoco.mjtFontScale.mjFONTSCALE_100)
"""
_BACKENDS = {"Linux": ("egl", "osmesa"), "Darwin": ("cgl",), "Windows": ("glfw",)}
_H264_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox")
# What films change in MuJoCo's drawing quality. Where the processor draws, four samples a pixel take as long as all the
# rest, a large shadow map and round spheres a third of what remains; a moving picture shows none of it.
_FILM_QUALITY = {"offsamples": 0, "shadowsize": 1024, "numslices": 20, "numstacks": 12}


def render_still(
    model: mujoco.MjModel, qpos: NDArray[np.float64], path: Path, *, width: int = 640, height: int = 480
) -> None:
    """Writes a PNG of the model at `qpos` [nq]."""
    if path.suffix.lower() != ".png":
        raise _suffix_error(path, "a still is a .png file")
    poses = _checked_poses(model, np.asarray(qpos)[None])
    with files.written_whole(path, "picture") as beside, Painter(model, width, height) as painter:
        Image.fromarray(painter.paint(poses[0])).save(beside)


def render_video(
    model: mujoco.MjModel,
    qpos: NDArray[np.float64],
    path: Path,
    *,
    fps: float,
    width: int = 640,
    height: int = 480,
    progress: Progress | None = None,
) -> None:
    """Writes the poses `qpos` [frames, nq] as a film, .mp4 (H.264) or .gif, `fps` poses a second.

    The camera is the model's `track`, where it has one. `progress(done, total)` is called after each frame.
    """
    if path.suffix.lower() not in (".mp4", ".gif"):
        raise _suffix_error(path, "a film is a .mp4 or a .gif file")
    if not fps >= 1:
        raise UsageError(f"fps: expected 1 or more, found {fps}", hint="25 looks smooth")
    poses = _checked_poses(model, qpos)
    with _film_quality(model):
        painted = Painter(model, width, height)
    with files.written_whole(path, "film") as beside, painted as painter:

        def frames() -> Iterator[NDArray[np.uint8]]:
            for done, pose in enumerate(poses, start=1):
                yield painter.paint(pose)
                if progress is not None:
                    progress(done, len(poses))

        if path.suffix.lower() == ".gif":
            write_gif(beside, frames(), fps)
        else:
            _write_mp4(beside, frames(), fps, width, height)


def _checked_poses(model: mujoco.MjModel, qpos: NDArray[np.float64]) -> NDArray[np.float64]:
    poses = np.asarray(qpos, dtype=np.float64)
    if poses.ndim != 2 or poses.shape[1] != model.nq or len(poses) == 0:
        raise SimulationError(
            f"cannot draw poses of shape {poses.shape}: this model needs [frames, {model.nq}]",
            hint="draw with the model that was simulated; with backlash and without have different sizes",
        )
    return poses


def _suffix_error(path: Path, expected: str) -> SimulationError:
    return SimulationError(f"cannot write {path}: {expected}", hint="the name's ending says what to write")


@contextmanager
def _film_quality(model: mujoco.MjModel) -> Iterator[None]:
    """What is made to draw `model` meanwhile draws fast; the model is then as it was."""
    quality = model.vis.quality
    before = {name: getattr(quality, name) for name in _FILM_QUALITY}
    try:
        for name, value in _FILM_QUALITY.items():
            setattr(quality, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(quality, name, value)


def _write_mp4(path: Path, frames: Iterator[NDArray[np.uint8]], fps: float, width: int, height: int) -> None:
    if width % 2 or height % 2:
        raise SimulationError(f"a .mp4 needs an even width and height, not {width} x {height}")
    encoder = next((name for name in _H264_ENCODERS if name in av.codecs_available), None)
    if encoder is None:
        raise SimulationError("this build of PyAV has no H.264 encoder", hint="write a .gif instead")
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = cast(VideoStream, container.add_stream(encoder, rate=Fraction(fps).limit_denominator(1000)))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if encoder == "libx264":
            stream.options = {"crf": "23", "preset": "veryfast"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


class Painter:
    """Draws poses of one model into pictures of one size. Belongs to the thread that made it."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise UsageError(f"size of a picture: expected 1 x 1 or more, found {width} x {height}")
        self._model = model
        self._data = mujoco.MjData(model)
        self._scene = mujoco.MjvScene(model, maxgeom=2000)
        self._option = mujoco.MjvOption()
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._camera = mujoco.MjvCamera()
        camera_id = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, _CAMERA)
        if camera_id >= 0:
            self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
            self._camera.fixedcamid = camera_id
        else:
            mujoco.mjv_defaultFreeCamera(model, self._camera)
        self._gl, self._context = _open_gl(model, width, height)

    def paint(self, pose: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The picture at `pose` [nq], [height, width, 3] in RGB."""
        model, data = self._model, self._data
        data.qpos[:] = pose
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
        mujoco.mjv_updateScene(model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene)
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        picture = np.empty((self._viewport.height, self._viewport.width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(picture, None, self._viewport, self._context)
        # OpenGL counts rows from the bottom.
        return np.ascontiguousarray(picture[::-1])

    def __enter__(self) -> "Painter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.free()
        self._gl.free()


def _open_gl(model: mujoco.MjModel, width: int, height: int) -> tuple[Any, mujoco.MjrContext]:
    """An OpenGL context made current, and MuJoCo's resources in it."""
    gl = importlib.import_module(f"mujoco.{_working_backend()}").GLContext(width, height)
    gl.make_current()
    context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    mujoco.mjr_resizeOffscreen(width, height, context)
    return gl, context


@functools.cache
def _working_backend() -> str:
    """The first OpenGL backend that truly works here.

    Tried in a process of its own: once a library that does not work is loaded, MuJoCo finds it before the
    next one, and a broken driver may end the process.
    """
    asked = os.environ.get("MUJOCO_GL", "").strip().lower()
    usual = _BACKENDS.get(platform.system(), ("glfw",))
    failures = []
    for backend in (asked,) if asked in ("egl", "osmesa", "glfw", "cgl") else usual:
        trial = [sys.executable, "-c", _TRIAL.format(backend=backend)]
        result = subprocess.run(trial, capture_output=True, text=True, timeout=60, check=False)
        if result.returncode == 0:
            return backend
        failures.append(f"{backend}: {(result.stderr.strip().splitlines() or ['it crashed'])[-1]}")
    raise SimulationError(
        f"no OpenGL to draw with ({'; '.join(failures)})",
        hint="apt-get install libosmesa6, or libegl1 libgl1-mesa-dri; MUJOCO_GL=egl|osmesa|glfw forces one",
    )
