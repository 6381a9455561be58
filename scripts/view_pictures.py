"""The pictures of docs/view.md, and with --measure its figures: the page in a real browser.

Needs Debian's chromium and a built gaitwayd. On a busy machine the twin may miss its timing: then it stands or falls.
"""

import argparse
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from browser import Browser

from gaitway.recording import Recording
from gaitway.twin.daemon import find_daemon

ROOT = Path(__file__).resolve().parents[1]
GAITWAY = [sys.executable, "-m", "gaitway.cli"]
#: How long the live stream is listened to, s.
_LISTEN_S = 10.0
#: So often the robot of the recording may be pushed before one has a fall.
_SEEDS = 20


def main() -> int:
    """Draws, or measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs/pictures", help="folder of the pictures")
    parser.add_argument("--measure", action="store_true", help="print figures of a simulated robot, draw nothing")
    parser.add_argument("--still", action="store_true", help="a twin without physics: it keeps time on a busy machine")
    parser.add_argument("--only", choices=("live", "recording"), help="leave the others out")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gaitway-pictures-") as name:
        folder = Path(name)
        os.environ["XDG_RUNTIME_DIR"] = name
        if asked.measure:
            for robot in ("open_duck_mini_v2", "so101"):
                measure(robot)
            return 0
        if asked.only != "recording":
            live(folder, asked.out, is_still=asked.still)
        if asked.only != "live":
            recorded(folder, asked.out)
    return 0


def live(folder: Path, out: Path, *, is_still: bool) -> None:
    """A twin that walks, that has fallen, and whose gaitwayd has died.

    One without physics walks on a stand, and falls where its nose is lowered.
    """
    link, imu, api = folder / "bus", folder / "imu", folder / "gaitway.sock"
    with ExitStack() as stack:
        body = ["--no-physics"] if is_still else []
        stack.enter_context(program([*GAITWAY, "twin", "--link", link, "--imu-socket", imu, *body]))
        wait(link.exists)
        arguments = ["--port", link, "--imu-socket", imu, "--no-config", "--no-record", "--socket", api]
        daemon = stack.enter_context(program([find_daemon(), *arguments, *(["--on-stand"] if is_still else [])]))
        wait(api.exists)
        url = stack.enter_context(view("--socket", api))
        browser = stack.enter_context(Browser(url))
        browser.wait("document.getElementById('state').textContent === 'running'")
        browser.key("KeyW", is_down=True)
        browser.wait("document.getElementById('owner').textContent === 'this view'")
        time.sleep(2)
        browser.click("ghost")
        browser.wait("document.getElementById('ghost').checked")
        # A twin that missed its timing stands for a moment.
        browser.wait("document.getElementById('note').textContent === ''")
        browser.wait("document.getElementById('state').textContent === 'running'")
        browser.picture(out / "view-live.png")
        browser.key("KeyW", is_down=False)
        browser.click("ghost")
        if is_still:
            subprocess.run([*GAITWAY, "twin", "tip", "75", "--port", link], check=True, stdout=subprocess.DEVNULL)
        else:
            browser.value("[...document.querySelectorAll('#modes button')].at(-1).click()")
        browser.wait("!document.getElementById('fault').hidden")
        time.sleep(2)
        browser.picture(out / "view-fall.png")
        daemon.kill()
        browser.wait("document.getElementById('what').textContent.includes('died')")
        time.sleep(1)
        browser.picture(out / "view-lost.png")
        print(f"pages said: {browser.said}")


def recorded(folder: Path, out: Path) -> None:
    """A recording with a fall, at the fall."""
    for seed in range(_SEEDS):
        records = folder / str(seed)
        run = ["run", "--fast", "--pushes", "--seed", seed, "--seconds", 12, "--json", "--record", records]
        subprocess.run([*GAITWAY, *map(str, run)], check=False, stdout=subprocess.DEVNULL)
        (recording,) = records.glob("**/*.mcap")
        fallen = Recording.load(recording).column("tick.policy.fallen")
        if any(fallen):
            break
    with view(recording) as url, Browser(url) as browser:
        browser.wait("document.getElementById('at').textContent !== ''")
        browser.click("next-mark")
        before = browser.text("at")
        browser.wait(f"document.getElementById('at').textContent !== {before!r}")
        for _ in range(12):
            browser.key("ArrowRight", is_down=True)
            browser.key("ArrowRight", is_down=False)
        time.sleep(3)
        browser.picture(out / "view-recording.png")


def measure(robot: str) -> None:
    """How fast the page draws, and what it is sent."""
    with view(robot) as url, Browser(url) as browser:
        browser.wait("document.getElementById('times').textContent !== ''")
        total, frames = listen(url)
        browser.value("document.getElementById('times').textContent = ''")
        browser.wait("document.getElementById('times').textContent !== ''")
        renderer = browser.value(
            "(() => { const gl = document.createElement('canvas').getContext('webgl2');"
            " return gl.getParameter(gl.getExtension('WEBGL_debug_renderer_info').UNMASKED_RENDERER_WEBGL); })()"
        )
        print(f"{robot}: {browser.text('times')}, drawn by {renderer}")
    print(
        f"{robot}: {frames / _LISTEN_S:.1f} frames a second, {total / max(1, frames) / 1000:.2f} kB each, "
        f"{total / _LISTEN_S / 1000:.1f} kB/s; processors {os.cpu_count()}, load {os.getloadavg()[0]:.1f}"
    )


def listen(url: str) -> tuple[int, int]:
    """Bytes and frames of the live stream within `_LISTEN_S`."""
    host, token = url.removeprefix("http://").rstrip("/").split("/")
    line = http.client.HTTPConnection(host, timeout=20)
    line.request("GET", f"/{token}/live")
    answer = line.getresponse()
    total = frames = 0
    end_s = time.monotonic() + _LISTEN_S
    while time.monotonic() < end_s:
        chunk = answer.readline()
        total += len(chunk)
        frames += chunk.startswith(b"event: frame")
    line.close()
    return total, frames


@contextmanager
def view(*arguments: object) -> Iterator[str]:
    """`gaitway view`; yields its address."""
    command = [*GAITWAY, "view", "--no-open", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip()
        finally:
            running.send_signal(signal.SIGINT)


@contextmanager
def program(command: list[object]) -> Iterator["subprocess.Popen[bytes]"]:
    """A program, until the end."""
    # None of them reads the keys of this terminal.
    null = subprocess.DEVNULL
    running = subprocess.Popen([*map(str, command)], stdin=null, stdout=null)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGINT)
        running.wait()


def wait(holds: Callable[[], object]) -> None:
    """Until it holds; a limit against hanging."""
    end_s = time.monotonic() + 60
    while not holds():
        if time.monotonic() > end_s:
            raise TimeoutError("a program does not come up")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
