"""What a twin's exchanges say about the ticks of the program that made them."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gaitway.bench.account import quantiles

if TYPE_CHECKING:
    from gaitway._native import Exchanges

#: What a program saw of its ticks, a column each: "start_ns", "bytes" and what else there is.
Ticks = dict[str, Any]


@dataclass
class Cycle:
    """One tick: from its start until the wire had carried all of it. All ns."""

    start_ns: int
    #: When the wire was free again.
    end_ns: int
    #: How long the tick's exchanges took the wire: bytes, return delays, and what USB kept back.
    wire_ns: int = 0
    #: How long the wire had nothing to do, from the start of the tick on: the program's overhead.
    idle_ns: int = 0
    #: The part of it before the first bit of the tick.
    lead_ns: int = 0
    #: The part of it in which the twin had an answer and had not handed it over yet.
    twin_ns: int = 0


@dataclass
class Cycles:
    """The ticks of one program on one kind of bus, of all rounds."""

    cycles: list[Cycle] = field(default_factory=list)
    #: From one start to the next, ns.
    between_ns: list[int] = field(default_factory=list)
    #: From the first bit of the first tick to the end of the last of a round, summed, ns.
    elapsed_ns: int = 0
    skipped: int = 0
    #: Ticks in which not every servo was read.
    incomplete: int = 0
    retries: int = 0
    cpu_ns: int | None = None

    def add(self, ticks: Ticks, exchanges: "Exchanges", servos: int) -> None:
        """Adds a round."""
        cycles, first_ns = match(ticks, exchanges)
        starts = ticks["start_ns"]
        self.cycles += cycles
        self.between_ns += [later - earlier for earlier, later in pairwise(starts)]
        self.elapsed_ns += cycles[-1].end_ns - first_ns
        self.skipped += sum(ticks.get("skipped", ()))
        self.incomplete += sum(count < servos for count in ticks.get("fresh", ()))
        self.retries += ticks.get("retries", 0)
        if "cpu_ns" in ticks:
            self.cpu_ns = (self.cpu_ns or 0) + ticks["cpu_ns"]

    def paced(self) -> dict[str, Any]:
        """The row of a program that waits between ticks: every tick by itself."""
        shares = sorted(cycle.idle_ns / cycle.wire_ns for cycle in self.cycles if cycle.wire_ns)
        return {
            **self._common(),
            "cycle_ns": quantiles([cycle.end_ns - cycle.start_ns for cycle in self.cycles]),
            "wire_ns": quantiles([cycle.wire_ns for cycle in self.cycles])["p50"],
            "overhead_ns": quantiles([cycle.idle_ns for cycle in self.cycles]),
            "overhead_share_p50": shares[(len(shares) - 1) // 2] if shares else 0.0,
            "lead_ns": quantiles([cycle.lead_ns for cycle in self.cycles])["p50"],
            "twin_ns": quantiles([cycle.twin_ns for cycle in self.cycles]),
        }

    def back_to_back(self) -> dict[str, Any]:
        """The row of a program that never waits: its next request may reach the wire's queue before the wire is free,
        so that one tick cannot be told from the next, and means are what there is."""
        wire_ns = sum(cycle.wire_ns for cycle in self.cycles) / len(self.cycles)
        mean_ns = self.elapsed_ns / len(self.cycles)
        return {
            **self._common(),
            "cycle_ns": {"mean": mean_ns, **quantiles(self.between_ns or [round(mean_ns)])},
            "wire_ns": wire_ns,
            "overhead_ns": {"mean": mean_ns - wire_ns},
            "overhead_share": mean_ns / wire_ns - 1,
            "rate_hz": 1e9 / mean_ns,
            "limit_hz": 1e9 / wire_ns,
        }

    def _common(self) -> dict[str, Any]:
        return {
            "ticks": len(self.cycles),
            "skipped": self.skipped,
            "incomplete": self.incomplete,
            "retries": self.retries,
            "cpu_ns": None if self.cpu_ns is None else self.cpu_ns / len(self.cycles),
        }


def match(ticks: Ticks, exchanges: "Exchanges") -> tuple[list[Cycle], int]:
    """The cycle of each tick, and when the first bit of the first was on the wire.

    Bytes tell what belongs together, and not times: a wire carries them in the order in which they were written. An
    exchange belongs to the tick that wrote its first byte. A tick whose bytes all went out with those of the tick
    before has none of its own.
    """
    names = ("begun_ns", "ended_ns", "fetched_ns", "bytes_to_servos")
    columns: Any = exchanges
    rows = list(zip(*(columns[name] for name in names), strict=True))
    place = carried = 0
    edge = ticks.get("bytes_before", 0)
    free_ns = 0
    while carried < edge and place < len(rows):
        free_ns, carried = rows[place][1], carried + rows[place][3]
        place += 1
    first_ns = rows[place][0] if place < len(rows) else free_ns
    cycles = []
    for start_ns, count in zip(ticks["start_ns"], ticks["bytes"], strict=True):
        edge += count
        cycle = Cycle(start_ns, max(start_ns, free_ns))
        while carried < edge and place < len(rows):
            begun_ns, ended_ns, fetched_ns, bytes_to_servos = rows[place]
            idle_ns = max(0, begun_ns - max(start_ns, free_ns))
            cycle.lead_ns += idle_ns if cycle.wire_ns == 0 else 0
            cycle.idle_ns += idle_ns
            cycle.wire_ns += ended_ns - begun_ns
            cycle.twin_ns += max(0, fetched_ns - ended_ns) if fetched_ns is not None else 0
            cycle.end_ns = free_ns = ended_ns
            carried += bytes_to_servos
            place += 1
        cycles.append(cycle)
    return cycles, first_ns
