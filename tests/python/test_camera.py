"""A picture is taken where one is in the file, and by nobody else's word: stand-in programs that write bytes."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image
from program import parse, run_gaitway

import gaitway
from gaitway import bringup
from gaitway.bringup.camera import measure, take
from gaitway.errors import CameraError, GaitwayError, UsageError

NO_CAMERA = 'echo "INFO Camera camera_manager.cpp" >&2; echo "ERROR: *** no cameras available ***" >&2; exit 255'
#: fswebcam where there is no camera: red, and content with itself.
NO_DEVICE = r'printf "\033[31mstat: No such file or directory\n\033[0m" >&2'


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **how: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 50).convert(mode).save(file, kind, **how)
    return file.getvalue()


class Board:
    """A board with these programs and no other: what each does is a line of shell, `$file` where it shall write.
    One that does nothing in particular takes the picture `taken`."""

    def __init__(self, folder: Path, programs: dict[str, str]) -> None:
        self.folder, self.tools = folder / "pictures", folder / "tools"
        self.folder.mkdir()
        self.tools.mkdir()
        self.taken, self.asked = folder / "taken", folder / "asked"
        self.taken.write_bytes(picture())
        for name, does in programs.items():
            program = self.tools / name
            does = does or f'/bin/cat {self.taken} > "$file"'
            last = 'for file in "$@"; do :; done'
            program.write_text(f'#!/bin/sh\necho "$0 $@" >> {self.asked}\n{last}\n{does}\n')
            program.chmod(0o755)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Board:
    made = Board(tmp_path, request.param)
    monkeypatch.setenv("PATH", str(made.tools))
    return made


@pytest.mark.parametrize(
    ("board", "device", "by"),
    [
        ({"rpicam-still": "", "libcamera-still": "", "fswebcam": ""}, None, ["rpicam-still"]),
        ({"libcamera-still": "", "fswebcam": ""}, None, ["libcamera-still"]),
        ({"fswebcam": ""}, None, ["fswebcam"]),
        ({"rpicam-still": NO_CAMERA, "fswebcam": ""}, None, ["rpicam-still", "fswebcam"]),
        ({"rpicam-still": "", "fswebcam": ""}, "/dev/video2", ["fswebcam"]),
    ],
    indirect=["board"],
)
def test_the_first_program_that_has_a_camera_takes_it(board: Board, device: str | None, by: list[str]) -> None:
    out = board.folder / "a %d view.jpg"
    out.write_bytes(b"an older one")
    named = ("--device", device) if device else ()
    found = parse(run_gaitway("camera", "--out", out, *named, "--json"))
    assert found == {"file": str(out), "format": "JPEG", "width": 64, "height": 48, "program": by[-1]}
    assert out.read_bytes() == board.taken.read_bytes() and board.names() == [out.name]
    asked = [line.split() for line in board.asked.read_text().splitlines()]
    assert [Path(words[0]).name for words in asked] == by
    # In its folder, under a name that no program takes for a pattern.
    assert all("%" not in words[-1] and "/" not in words[-1] and words[-1].endswith(".jpg") for words in asked)
    assert device is None or asked[0][asked[0].index("--device") + 1] == device
    assert ("--nopreview" in asked[0]) == (by[0] != "fswebcam")


@pytest.mark.parametrize("board", [{"rpicam-still": ""}], indirect=True)
def test_a_png_is_asked_for_by_its_ending_and_must_be_one(board: Board) -> None:
    board.taken.write_bytes(picture("PNG", (30, 20)))
    found = take(board.folder / "view.PNG")
    assert (found.format, found.width, found.height) == ("PNG", 30, 20)
    assert "--encoding png" in board.asked.read_text()
    with pytest.raises(CameraError, match="no picture"):
        take(board.folder / "view.jpg")
    with pytest.raises(UsageError, match="ending"):
        take(board.folder / "view.gif")


@pytest.mark.parametrize(
    ("board", "says", "remedy"),
    [
        ({}, "nobody takes pictures: expected rpicam-still or fswebcam", "apt-get install rpicam-apps"),
        ({"rpicam-still": NO_CAMERA}, "rpicam-still says ERROR: *** no cameras", "seat it at both ends"),
        ({"rpicam-still": NO_CAMERA}, "no cameras available", "apt-get install fswebcam"),
        ({"fswebcam": NO_DEVICE}, "fswebcam says stat: No such file or directory", "ls /dev/video*"),
        ({"rpicam-still": NO_CAMERA, "fswebcam": NO_DEVICE}, "available ***; fswebcam says stat", "ls /dev/video*"),
        ({"fswebcam": "exit 3"}, "fswebcam ended with 3 and wrote no picture", "/dev/video*"),
        ({"fswebcam": "exit 0"}, "fswebcam ended with 0 and wrote no picture", "/dev/video*"),
        ({"fswebcam": 'echo "<html>" > "$file"'}, "wrote no picture", "/dev/video*"),
        ({"fswebcam": '/bin/head -c 900 ../taken > "$file"'}, "wrote no picture", "/dev/video*"),
        ({"fswebcam": "exec /bin/sleep 600"}, "did not end within 0.5 s", "/dev/video*"),
        ({"fswebcam": "kill -9 $$"}, "ended with -9", "/dev/video*"),
    ],
    indirect=["board"],
)
def test_where_there_is_none_it_says_why_and_what_to_do(board: Board, says: str, remedy: str) -> None:
    out = board.folder / "view.jpg"
    out.write_bytes(b"an older one")
    with pytest.raises(CameraError) as failed:
        take(out, timeout_s=0.5 if "within" in says else 60)
    assert says in failed.value.message and remedy in failed.value.hint
    # What was there is still there, and nothing is beside it.
    assert out.read_bytes() == b"an older one" and board.names() == ["view.jpg"]


@pytest.mark.parametrize("board", [{"rpicam-still": ""}], indirect=True)
def test_a_program_that_is_none_and_a_folder_that_is_none_are_told_of(board: Board, tmp_path: Path) -> None:
    (board.tools / "rpicam-still").write_bytes(b"\x7fELF of another machine")
    done = run_gaitway("camera", "--out", board.folder / "view.jpg")
    assert done.returncode == 1 and "does not start: Exec format error" in done.stderr, done
    done = run_gaitway("camera", "--out", board.taken / "view.jpg", "--json")
    assert done.returncode == 2 and "cannot write picture" in parse(done)["error"]
    with pytest.raises(GaitwayError, match="expected fswebcam"):
        take(tmp_path / "view.jpg", device=Path("/dev/video0"))


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("JPEG", {}),
        ("JPEG", {"mode": "L", "quality": 10}),
        ("JPEG", {"progressive": True, "size": (1, 700)}),
        ("JPEG", {"exif": b"Exif\0\0" + picture(size=(8, 8))}),
        ("PNG", {"mode": "RGBA"}),
        ("PNG", {"mode": "1", "size": (500, 3)}),
    ],
)
def test_a_pictures_size_is_read_from_it_and_half_a_picture_is_none(kind: str, how: dict[str, object]) -> None:
    data = picture(kind, **how)
    assert measure(data, kind) == Image.open(io.BytesIO(data)).size
    assert measure(data, "PNG" if kind == "JPEG" else "JPEG") is None
    assert all(measure(data[:length], kind) is None for length in range(len(data) - 1))


def test_a_real_program_takes_colour_bars(tmp_path: Path) -> None:
    if shutil.which("fswebcam") is None:
        pytest.skip("fswebcam is not installed")
    for name, kind in (("bars.jpg", "JPEG"), ("%H bars.png", "PNG")):
        found = take(tmp_path / name, device=Path("TEST:bars"))
        assert (found.format, found.width, found.height) == (kind, 1280, 960)
        assert Image.open(tmp_path / name).size == (1280, 960)
    with pytest.raises(CameraError, match="No such file"):
        take(tmp_path / "none.jpg", device=tmp_path / "none")


def test_it_is_importable_from_the_package_as_in_the_version_before() -> None:
    assert gaitway.camera is bringup.camera
