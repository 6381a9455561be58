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
    peer, peer_unpaced = ideal.get("rustypot_walk"), ideal.get("rustypot_back_to_back")
    lost = (closed["skipped"] + closed["incomplete"]) / (closed["ticks"] + closed["skipped"])
    share, cycle = "overhead_share_p50", "cycle_ns"
    return [
        mark("overhead_share", "", closed[share], MAX_OVERHEAD_SHARE, None),
        mark("overhead_share_walking", "", walk[share], MAX_OVERHEAD_SHARE, peer and peer[share]),
        mark("lost_at_400_hz", "", lost, MAX_LOST_SHARE, None),
        mark("cycle", "ns", unpaced[cycle]["mean"], HELD_PERIOD_NS, peer_unpaced and peer_unpaced[cycle]["mean"]),
    ]
