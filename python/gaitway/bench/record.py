"""What recording costs whoever is recorded: our ring beside loggers that are called from the loop."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from gaitway import _native, extras
from gaitway.bench.account import medians, time_calls
from gaitway.errors import MissingExtraError
from gaitway.policy import Policy
from gaitway.robot import Robot

#: Bytes of a message of the peers: a third of a tick of ours, as their own benches have it.
_MESSAGE = bytes(512)

_Quantile = Literal["p50", "p99", "p99_9", "max"]
_QUANTILES: tuple[_Quantile, ...] = ("p50", "p99", "p99_9", "max")
_Figures = dict[str, float]


def measure_record(policy: Policy, robot: Robot, ticks: int, rounds: int) -> dict[str, Any]:
    """Times of a push and of the peers' writes, ns, as medians over rounds in which each had its turn."""
    samples: dict[str, list[_Figures]] = {"gaitway": [], "foxglove": [], "mcap": []}
    allocations = 0
    for _ in range(rounds):
        times = _native.push_times(policy.native, robot.native, ticks)
        allocations += times["allocations"]
        samples["gaitway"].append({name: float(times["push_ns"][name]) for name in _QUANTILES})
        for name, peer in (("foxglove", _foxglove), ("mcap", _mcap)):
            figures = _time_peer(peer, ticks)
            if figures:
                samples[name].append(figures)
    found = {name: medians(each) for name, each in samples.items() if each}
    return {
        "ticks": ticks,
        "rounds": rounds,
        "push_ns": found,
        "allocations": allocations,
        "marks": [
            _mark("push, p50, ns", found["gaitway"]["p50"], 100.0),
            _mark("push, p99, ns", found["gaitway"]["p99"], 200.0),
            _mark("allocations", allocations, 0),
        ],
    }


def _mark(what: str, found: float, at_most: float) -> dict[str, Any]:
    return {"what": what, "found": found, "at_most": at_most, "passed": found <= at_most}


def _time_peer(peer: Callable[[Path], Any], ticks: int) -> _Figures | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with peer(Path(folder)) as write:
                return {name: float(value) for name, value in time_calls(write, ticks).items()}
        except MissingExtraError:
            return None


@contextmanager
def _foxglove(folder: Path) -> Iterator[Callable[[int], object]]:
    """The SDK: Rust beneath, called from Python."""
    foxglove = extras.load("foxglove", "bench")
    with ExitStack() as stack:
        stack.enter_context(foxglove.open_mcap(str(folder / "peer.mcap")))
        channel = foxglove.Channel(
            "/tick", message_encoding="raw", schema=foxglove.Schema(name="raw", encoding="", data=b"")
        )
        yield lambda tick: channel.log(_MESSAGE, log_time=tick)
        channel.close()


@contextmanager
def _mcap(folder: Path) -> Iterator[Callable[[int], object]]:
    """The format's own library in Python, without compression."""
    writing = extras.load("mcap.writer", "bench")
    with (folder / "peer.mcap").open("wb") as file:
        writer = writing.Writer(file, compression=writing.CompressionType.NONE)
        writer.start()
        channel = writer.register_channel(topic="/tick", message_encoding="application/octet-stream", schema_id=0)
        yield lambda tick: writer.add_message(channel, log_time=tick, publish_time=tick, data=_MESSAGE)
        writer.finish()
