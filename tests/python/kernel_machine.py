"""A machine with a kernel of its own, under emulation: what `/dev` lacks here, there are the kernel's drivers in it.

It starts from the host's files, which it can read and not change, and runs the tests of the folder `kernel` on a board
whose hardware is a program (`kernel/board.c`).
"""

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

KERNEL = Path(__file__).parent / "kernel"
CHECKOUT = Path(__file__).parents[2]
BUSYBOX = Path("/bin/busybox")
#: What its first program needs to see the host's files.
FIRST = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
LIMIT_S = 900


def release() -> str | None:
    """The newest kernel here that can be started, and that modules can be built for."""
    found = [
        folder.name
        for folder in Path("/lib/modules").glob("*")
        if (folder / "build").exists() and Path(f"/boot/vmlinuz-{folder.name}").exists()
    ]
    return max(found, key=lambda name: [int(number) for number in re.findall(r"\d+", name)], default=None)


def missing() -> str | None:
    """What this computer lacks for it."""
    if platform.machine() != "x86_64":
        return "the machine is an x86-64 one"
    programs = {"qemu-system-x86_64": "qemu-system-x86", "make": "make", "aplay": "alsa-utils", "fswebcam": "fswebcam"}
    for program, package in programs.items():
        if shutil.which(program) is None:
            return f"no {program}: apt install {package}"
    if not BUSYBOX.exists():
        return f"no {BUSYBOX}: apt install busybox-static"
    if release() is None:
        return "no kernel with its headers: apt install linux-image-amd64 linux-headers-amd64"
    return None


def build_board(kernel: str, folder: Path) -> None:
    """Compiles the board for that kernel into `folder`."""
    source = folder / "board"
    shutil.copytree(KERNEL, source, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    command = ["make", "-s", "-C", f"/lib/modules/{kernel}/build", f"M={source}", "modules"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    shutil.copy(source / "board.ko", folder / "board.ko")


def first_files(kernel: str, folder: Path) -> tuple[Path, list[str]]:
    """An archive of what the machine starts with, and its modules in the order in which they are brought in."""
    root, modules = folder / "first", Path("/lib/modules") / kernel
    for name in ("bin", "modules", "proc", "dev"):
        (root / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin")
    shutil.copy(KERNEL / "init", root / "init")
    needs = dict(line.split(":") for line in (modules / "modules.dep").read_text().splitlines())
    order: list[str] = []
    for name in FIRST:
        (path,) = (path for path in needs if Path(path).stem == name)
        # Whatever it needs stands behind it, the innermost last.
        for needed in (*reversed(needs[path].split()), path):
            if needed not in order:
                order.append(needed)
                shutil.copy(modules / needed, root / "modules")
    listing = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    archive = folder / "first.cpio"
    command = [BUSYBOX, "cpio", "-o", "-H", "newc", "-F", archive]
    subprocess.run(command, cwd=root, input=listing, check=True, capture_output=True, text=True)
    return archive, [Path(path).stem for path in order]


def run_tests(folder: Path) -> tuple[int | None, str]:
    """Runs them: pytest's exit code, none where the machine did not come so far, and all that was said."""
    kernel, out = release(), folder / "out"
    assert kernel is not None
    out.mkdir()
    build_board(kernel, out)
    archive, modules = first_files(kernel, folder)
    words = {"PYTHON": sys.executable, "CHECKOUT": str(CHECKOUT), "MODULES_FIRST": f'"{" ".join(modules)}"'}
    line = " ".join(("console=ttyS0", "quiet", "panic=-1", *(f"{key}={value}" for key, value in words.items())))
    share = "local,security_model=none,multidevs=remap"
    command = ["qemu-system-x86_64", "-accel", "tcg", "-icount", "shift=2", "-m", "2048", "-nographic", "-no-reboot"]
    command += ["-net", "none", "-kernel", f"/boot/vmlinuz-{kernel}", "-initrd", str(archive), "-append", line]
    command += ["-virtfs", f"{share},path=/,mount_tag=host,readonly=on", "-virtfs", f"{share},path={out},mount_tag=out"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S)
    said = out / "said"
    report = done.stdout[-4000:] + done.stderr[-4000:] + (said.read_text() if said.exists() else "")
    code = out / "exit"
    return (int(code.read_text()) if code.exists() else None), report
