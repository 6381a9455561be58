"""A picture by the real program, of a camera the kernel makes up."""

import subprocess
from pathlib import Path

import pytest

from gaitway.bringup import camera
from gaitway.errors import CameraError


def test_a_picture_is_taken_once_there_is_a_camera(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    with pytest.raises(CameraError) as none:
        camera.take(picture, timeout_s=60)
    assert "/dev/video" in (none.value.hint or "") and not picture.exists()
    subprocess.run(["modprobe", "vivid", "node_types=0x1"], check=True)
    taken = camera.take(picture, timeout_s=60)
    assert (taken.program, taken.format) == ("fswebcam", "JPEG")
    assert taken.width >= 640 and camera.measure(picture.read_bytes(), "JPEG") == (taken.width, taken.height)
