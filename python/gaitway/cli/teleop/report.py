"""The closing report of a teleoperation."""

from typing import Any

from gaitway.cli.common.output import print_table


def print_report(result: dict[str, Any]) -> None:
    """Prints rate, lateness, latency and how far the follower was from the leader, joint by joint."""
    late, latency, rate = result["lateness_ms"], result["latency_ms"], result["hz"]
    print(
        f"{result['seconds']:.1f} s, {result['ticks']} commands at {rate['reached']:.1f} of {rate['asked']:g} Hz, "
        f"{result['skipped']} ticks left out, late by p50 {late['p50']:.2f} ms, p99 {late['p99']:.2f} ms"
    )
    print(
        f"from the leader's angle to the follower's goal: p50 {_ms(latency['p50'])}, p99 {_ms(latency['p99'])} "
        f"({latency['samples']} goals; too long by up to 5 ms)"
    )
    rows = [
        (
            joint,
            *(_rad(spread[key]) for key in ("p50", "p95", "worst")),
            _rad(result["rest_rad"][joint]["mean"], "+.3f"),
            _rad(result["rest_rad"][joint]["worst"], "+.3f"),
        )
        for joint, spread in result["tracking_rad"].items()
    ]
    print_table(("joint", "error p50", "p95", "worst", "at rest, mean", "at rest, worst"), rows)
    print("error: follower minus leader, rad; at rest: what weight and friction leave once the leader is still for 1 s")
    lost = {joint: count for joint, count in result["lost_replies"].items() if count}
    if lost or result["unplugged"]:
        told = ", ".join(f"{joint} {count}" for joint, count in lost.items()) or "none"
        print(f"leader: replies lost: {told}; unplugged {result['unplugged']} times")
    for joint, clipped in result["clipped"].items():
        print(f"{joint}: cut off in {clipped['ticks']} ticks, by {clipped['most_rad']:.2f} rad at most")


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


def _rad(value: float | None, how: str = ".3f") -> str:
    return "-" if value is None else format(value, how)
