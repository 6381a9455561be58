"""What is promised of the servo bus, and whether a measurement shows it."""

from typing import Any

from gaitway.bench.marks import mark

#: The wire has nothing to do for at most this part of the time it is taken, p50 of all ticks.
MAX_OVERHEAD_SHARE = 0.03
#: A closed loop of this rate is held: a tick fits, and so many at most are lost or lack a servo.
HELD_PERIOD_NS = 2_500_000
MAX_LOST_SHARE = 0.01

_Row = dict[str, Any]


def marks(ideal: dict[str, _Row]) -> list[_Row]:
    """Each promise with our figure, the largest that keeps it, rustypot's, and whether it is kept."""
    walk, closed, unpaced = (ideal[name] for name in ("walk", "closed_loop", "back_to_back"))
    lost = (closed["skipped"] + closed["incomplete"]) / (closed["ticks"] + closed["skipped"])
    share, peer_share, peer_cycle_ns = "overhead_share_p50", None, None
    if "rustypot_walk" in ideal:
        peer_share = ideal["rustypot_walk"][share]
        peer_cycle_ns = ideal["rustypot_back_to_back"]["cycle_ns"]["mean"]
    return [
        mark("overhead_share", "", closed[share], MAX_OVERHEAD_SHARE, None),
        mark("overhead_share_walking", "", walk[share], MAX_OVERHEAD_SHARE, peer_share),
        mark("lost_at_400_hz", "", lost, MAX_LOST_SHARE, None),
        mark("cycle", "ns", unpaced["cycle_ns"]["mean"], HELD_PERIOD_NS, peer_cycle_ns),
    ]
