"""What `gaitway bench chaos` shows people, and writes into the docs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gaitway.bench.chaos import Progress as Tell
from gaitway.bench.chaos_table import LIMP_WITHIN_MS, REPLUGGED_WITHIN_MS, TABLE

_COLUMNS = ("fault", "may", "may fall", "episodes", "faults", "ran on", "held", "limp", "fell", "noticed as, after")

#: Marks in words.
_MARKS = {
    "episodes": "episodes",
    "faults": "faults that struck a walking robot",
    "faults_of_each_class": "faults of the rarest class",
    "outside_the_table": "outcomes outside the table",
    "panics": "panics",
    "goals_out_of_range": "goals on the wire outside the joint's range",
    "goals_not_finite": "goals that are no finite number",
    "stale_joints": "joint values called fresh that are not",
    "stale_imu": "IMU values older than said",
    "impossible": "impossible numbers that were believed",
    "worn": "writes that wear an EEPROM",
    "allocations": "allocations in the robot's ticks",
    "longest_limp_ns": "longest torque of a limp robot",
    "longest_replugged_ns": "the same after the bus is plugged in again",
}


@contextmanager
def striking(*, shown: bool, what: str = "faults") -> Iterator[Tell]:
    """A bar on stderr."""
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed} of {task.total}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bar:
        task = bar.add_task("")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_chaos(result: dict[str, Any]) -> None:
    """Prints what came of every class, and the marks."""
    console = Console(highlight=False)
    # What may come of each is in the docs; a terminal is narrow.
    table = Table(_COLUMNS[0], *_COLUMNS[3:])
    for row in result["classes"]:
        cells = _cells(row)
        table.add_row(cells[0], *cells[3:], style="red" if row["outside"] or row["panics"] else None)
    console.print(table)
    marks = Table("mark", "found", "wanted", "")
    for mark in result["marks"]:
        marks.add_row(*_mark_cells(mark), "[green]kept[/]" if mark["passed"] else "[red]missed[/]")
    console.print(marks)
    console.print(f"{result['episodes']} episodes, {result['faults']} faults")


def document(result: dict[str, Any], command: str) -> str:
    """The page in docs/."""
    lines = [_HEAD.format(**result, command=command, limp=LIMP_WITHIN_MS, replugged=REPLUGGED_WITHIN_MS)]
    lines += ["", *_rows(_COLUMNS, [_cells(row) for row in result["classes"]])]
    lines += ["", "## Whatever strikes", ""]
    marks = [(*_mark_cells(mark), "kept" if mark["passed"] else "missed") for mark in result["marks"]]
    lines += _rows(("mark", "found", "wanted", ""), marks)
    lines += ["", "## How each is made", ""]
    lines += _rows(("fault", "steps", "torque off within"), [_made(kind.name) for kind in TABLE])
    return "\n".join(lines) + "\n" + _NOTES


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    counts = (str(row[name]) for name in ("episodes", "faults", "ran_on", "held", "limp", "fell"))
    after = row["noticed_after_ns"]
    names = ", ".join(sorted(row["noticed"], key=lambda name: -row["noticed"][name])[:2])
    noticed = f"{names}: {after['p50'] / 1e6:.0f} ms, at most {after['max'] / 1e6:.0f} ms" if after else ""
    return (row["name"], row["may"], "yes" if row["may_fall"] else "no", *counts, noticed)


def _mark_cells(mark: dict[str, Any]) -> tuple[str, str, str]:
    name, limit = mark["name"], mark["at_least"] if mark["at_most"] is None else mark["at_most"]
    word = "at least" if mark["at_most"] is None else "at most"
    return _MARKS[name], _figure(name, mark["found"]), f"{word} {_figure(name, limit)}"


def _figure(name: str, value: float) -> str:
    return f"{value / 1e6:.0f} ms" if name.endswith("_ns") else f"{value:g}"


def _made(name: str) -> tuple[str, str, str]:
    kind = next(kind for kind in TABLE if kind.name == name)
    shown = kind.steps if len(kind.steps) < 4 else (*kind.steps[:2], kind.steps[-1])
    steps = "; ".join(f"`{text}`" if at == 0 else f"after {at} ms `{text}`" for at, text in shown)
    return name, steps, "" if kind.off_within_ms is None else f"{kind.off_within_ms} ms"


def _rows(columns: tuple[str, ...], rows: list[Any]) -> list[str]:
    return [_row(columns), _row(("---",) * len(columns)).replace(" ", ""), *(_row(row) for row in rows)]


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


_HEAD = """# Chaos

What came of faults that struck a walking robot: MuJoCo behind emulated servos, the real loop, driver, supervisor and
default policy before them, on a virtual clock.
Each episode begins limp on a stand; the supervisor leads the robot to stand and to walk, the stand lets go, and only
then, at a time by chance, servo and command by chance, the first fault strikes. A fault counts where it strikes while
the robot is running. What may come of each class is written in `python/gaitway/bench/chaos_table.py`, before the run;
every other outcome fails it.

{episodes} episodes, {faults} faults. Written by `{command}`.

"Ran on" is running without a break, "held" is running again when it is judged, "limp" is limp then. "Fell" counts
falls that the simulation or the robot itself saw before it was limp; where the robot may not fall, one fall fails the
run. What has fallen must end limp.
"Noticed" is what the fault table saw first, how long after the strike, median and longest."""

_NOTES = """
`{servo}` is one of the 14 by chance. Faults strike anywhere in a period, in the middle of an exchange too; what people
do, and blocked joints, between two ticks.

The table was settled with trials of a few faults of each class and whole runs with other seeds, and then stood. In the
first 3 of 668 robots fell after a knee or an ankle had been silent for 0.1 s, which the table did not allow then:
after two reads without an answer a servo gets no goals until it has shown that it was not reset, since a goal would
switch a reset one on at full force. To blend it in faster did not help; the table allows the fall. In another a robot
had been limp for its own verdict of a fall before the simulation saw it lie, and that was no fall then: now it is.

A limp robot has torque for 40 ms at most: two ticks. Torque is looked at every 2 ms. After the bus was plugged in again
it is 240 ms, since limp is said again in every tenth tick. A bus that stays unplugged cannot be reached: its servos
keep their last goals.

## Whole programs

What freezes, kills or floods a process needs processes, not a virtual clock: `make test` does it to the binary and its
guards. Declared times are those of ARCHITECTURE.md, *What cuts the torque*.

| fault | what comes of it | declared | test |
|---|---|---|---|
| `gaitwayd` frozen (SIGSTOP) | the guards cut the torque; limp until asked | 0.3 s | `test_guard.py`: a frozen daemon |
| `gaitwayd` killed | a guard cuts the torque | at once | `processes/guard.rs`: sigkill |
| `gaitwayd` and a guard killed together | the other guard cuts the torque | at once | `test_guard.py`: killed at once |
| both guards frozen or killed | emergency stop by the daemon | 0.3 s | `test_guard.py`: without a guard |
| one guard frozen or killed | it is replaced, the robot walks on | 1 s | `test_guard.py`: one guard |
| a second `gaitwayd` or tool | refused, the holder is named, nothing written | at once | `test_exclusive.py` |
| flood of keys or presses | space stops it in a tick or two | 50 ms | `test_guard.py`, `test_pad_key.py` |
| flood of log lines | bounded a second; no other recording is deleted | | `test_pad_key.py`, `robot/recorder.rs` |

`gaitwayd` and both guards killed at once cannot be helped by software: the servos keep their last goals.

What the table does not say:

- Servos whose ids are swapped answer properly, and nothing on the bus shows it: "joint values called fresh" are
  compared with the servo of that id. The robot falls, or walks on where the two joints do much the same.
- The model's motors do not feel the supply: a sag is seen by the fault table alone.
- Joints move between ticks, and the IMU's samples come then: a loop that is starved in the middle of a tick finds its
  IMU silent for as long, as if the IMU's thread had been starved with it.
- A joint that is blocked stalls only where it bears load: a knee. Where a blocked hip, ankle or neck costs no torque
  the robot walks on, and nothing is noticed.
- A robot that stops in the middle of its stride may fall. One silent servo is therefore walked through for a second,
  and where a line of the fault table has `step_s` the policy steps to a stand before the robot holds or sits. A bus
  that is unplugged lets no step through, and in a storm of overruns there are too few ticks for one.
"""
