"""The computer: power, heat, clock, real time, memory, disk."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gaitway import _native
from gaitway.bringup.doctor.finding import Finding, failed, passed, skipped, warned

#: What the loop asks for; see `gaitwayd --priority`.
_PRIORITY = 80
#: Of what a loop asks for, what a person can change.
_ASKED = ("priority", "cpu governor", "real-time share")
_SUPPLY_REMEDY = "a stronger supply or thicker wires: the servos must not share the board's 5 V"
#: The kernel's log of a day is read so fast, on a slow card too.
_LOG_S = 20.0
#: Above this a Raspberry Pi slows down, °C.
_HOT_C = 75.0
_TOO_HOT_C = 82.0
#: What a walk needs: the loop with everything in it, and the recorder's last minute.
_MEMORY_MB = 60
#: An hour of recording is a third of a gigabyte.
_DISK_MB = 400
_FULL_MB = 20


def look(system: Path, recordings: Path | None) -> Iterator[Finding]:
    """`system` is the root of /proc, /sys and /run."""
    yield from _real_time()
    yield _supply(system)
    yield _heat(system)
    yield _clock(system)
    yield _memory(system)
    yield _disk(recordings or Path(_native.recordings_folder()))


def _real_time() -> Iterator[Finding]:
    for row in _native.real_time(_PRIORITY):
        if row["what"] not in _ASKED:
            continue
        what = f"real time: {row['what']}"
        if row["granted"]:
            yield passed(what, row["found"])
        else:
            yield warned(what, row["found"], row["remedy"] or "run gaitwayd as a service, which is granted it")
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if os.geteuid() == 0 or soft == resource.RLIM_INFINITY or soft >= _MEMORY_MB << 20:
        yield passed("real time: memory lock", "granted")
    else:
        remedy = "add `@realtime - memlock unlimited` to /etc/security/limits.d, join that group, log in again"
        yield warned("real time: memory lock", f"{soft >> 10} kB may be locked", remedy)


def _supply(system: Path) -> Finding:
    what = "board supply"
    for name in (system / "sys/class/hwmon").glob("hwmon*/name"):
        if _read(name) == "rpi_volt":
            if _read(name.with_name("in0_lcrit_alarm")) == "1":
                return failed(what, "it was too low within the last two seconds", _SUPPLY_REMEDY)
            dips = _kernel_log(system, "oltage detected")
            if dips:
                return failed(what, f"it was too low {dips} times since the board started", _SUPPLY_REMEDY)
            known = "within the last two seconds" if dips is None else "since the board started"
            return passed(what, f"not too low {known}")
    return skipped(what, "this board does not tell")


def _kernel_log(system: Path, words: str) -> int | None:
    """Lines of the kernel's log since the start with these words; None where this user may not read it."""
    command = ["journalctl", f"--root={system}", "--dmesg", "--boot", "--quiet", "--output=cat"]
    try:
        log = subprocess.run(command, capture_output=True, text=True, timeout=_LOG_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return sum(words in line for line in log.splitlines()) if log else None


def _heat(system: Path) -> Finding:
    what = "board temperature"
    readings = [_read(zone) for zone in (system / "sys/class/thermal").glob("thermal_zone*/temp")]
    celsius = [int(text) / 1000 for text in readings if text.lstrip("-").isdigit()]
    if not celsius:
        return skipped(what, "this board does not tell")
    hottest = f"{max(celsius):.0f} °C"
    if max(celsius) > _TOO_HOT_C:
        return failed(what, hottest, "it slows itself down: a heat sink, and air")
    if max(celsius) > _HOT_C:
        return warned(what, hottest, "a heat sink: beyond 80 °C it slows itself down")
    return passed(what, hottest)


def _clock(system: Path) -> Finding:
    what = "clock"
    if (system / "run/systemd/timesync/synchronized").exists() or not (system / "run/systemd/system").exists():
        return passed(what, "set" if (system / "run/systemd/system").exists() else "nobody sets it here")
    return warned(what, "not set since the start: recordings get wrong dates", "sudo timedatectl set-ntp true")


def _memory(system: Path) -> Finding:
    what = "memory"
    lines = dict(line.split(":", 1) for line in _read(system / "proc/meminfo").splitlines() if ":" in line)
    words = lines.get("MemAvailable", "").split()
    if not words:
        return skipped(what, "the kernel does not tell")
    free_mb = int(words[0]) >> 10
    if free_mb < _MEMORY_MB:
        return failed(what, f"{free_mb} MB free", "end other programs: ps aux --sort=-rss | head")
    return passed(what, f"{free_mb} MB free")


def _disk(folder: Path) -> Finding:
    what = "disk"
    # A folder behind one that may not be entered is none for this user.
    existing = next(path for path in (folder, *folder.absolute().parents) if os.access(path, os.F_OK))
    try:
        free_mb = shutil.disk_usage(existing).free >> 20
    except OSError as error:
        return warned(what, f"{existing}: {error.strerror}", "name another folder: gaitwayd --record DIR")
    if not os.access(existing, os.W_OK):
        return warned(what, f"{existing} may not be written to", "name another folder: gaitwayd --record DIR")
    if free_mb < _FULL_MB:
        return failed(what, f"{free_mb} MB free at {existing}", "make room, or record elsewhere: gaitwayd --record DIR")
    if free_mb < _DISK_MB:
        return warned(what, f"{free_mb} MB free at {existing}", "make room: an hour of recording is 340 MB")
    return passed(what, f"{free_mb} MB free at {existing}")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
