"""Tools for a language model: a duck that walks, turns, looks, takes pictures and plays sounds.

    gaitwayd --pad-listen 127.0.0.1:9871 --sounds DIR    # the duck
    python examples/tools.py --list                      # what to tell a model that it may call
    python examples/tools.py                             # its calls on stdin, a line each; an answer on stdout each

Any model that can call functions drives it: {"tool": "walk", "forward_mps": 0.1, "seconds": 2}. A call that cannot be
is answered with what can. At the end of its input, and on Ctrl-C, the duck stands.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gaitway
from gaitway.api import default_socket
from gaitway.api.follow import follow
from gaitway.bringup import camera
from gaitway.errors import DaemonError, UsageError

#: What each does, what must be said and what may be.
TOOLS: dict[str, tuple[str, list[str], list[str]]] = {
    "walk": ("Walk for some seconds, then stand.", ["seconds"], ["forward_mps", "leftward_mps"]),
    "turn": ("Turn on the spot for some seconds, then stand.", ["seconds", "turning_rps"], []),
    "look": ("Stand and turn the head; ahead where nothing is said.", [], ["pitch_rad", "yaw_rad", "roll_rad"]),
    "picture": ("Take a picture of what the head looks at.", [], []),
    "sound": ("Play a sound.", [], []),
    "stop": ("Stand still.", [], []),
}
#: Which axis of the policy's envelope limits it, and what it means.
PARAMETERS = {
    "seconds": ("seconds", "how long"),
    "forward_mps": ("vx", "m/s, backward below 0"),
    "leftward_mps": ("vy", "m/s, to the right below 0"),
    "turning_rps": ("wz", "rad/s to the left, to the right below 0"),
    "pitch_rad": ("head_pitch", "rad up, down below 0"),
    "yaw_rad": ("head_yaw", "rad to the left, to the right below 0"),
    "roll_rad": ("head_roll", "rad tilted to the left, to the right below 0"),
}


def tools(envelope: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """Name, description and parameters, a JSON schema, of each tool, within what the policy was trained for."""
    limits, properties = envelope | {"seconds": (0.1, 5.0)}, {}  # nothing that is asked once goes on for long
    for name, (axis, meaning) in PARAMETERS.items():
        low, high = limits.get(axis, (0.0, 0.0))
        properties[name] = {"type": "number", "minimum": low, "maximum": high, "description": meaning}
    listed = []
    for name, (description, must, may) in TOOLS.items():
        takes = {parameter: properties[parameter] for parameter in must + may}
        schema = {"type": "object", "properties": takes, "required": must, "additionalProperties": False}
        listed.append({"name": name, "description": description, "parameters": schema})
    return listed


def checked(line: str, known: dict[str, Any]) -> dict[str, Any]:
    """The call in a line. Raises UsageError, which says what can be called."""
    try:
        call: dict[str, Any] = json.loads(line)
        schema = known[call["tool"]]["parameters"]
    except (ValueError, RecursionError, TypeError, LookupError):
        hint = 'as in {"tool": "walk", "forward_mps": 0.1, "seconds": 2}'
        raise UsageError(f"expected a call of {', '.join(known)}; found {line.strip()[:80]}", hint=hint) from None
    takes = schema["properties"]
    for name in [*schema["required"], *(name for name in call if name != "tool")]:
        if name not in takes:
            raise UsageError(f"no parameter is called {name}", hint=f"it takes {', '.join(takes) or 'none'}")
        value, low, high = call.get(name), takes[name]["minimum"], takes[name]["maximum"]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            expected = f"{name}: expected {low:g} to {high:g}, found {value!r}"
            raise UsageError(expected, hint=takes[name]["description"])
    return call


def do(remote: gaitway.Remote, tool: str, seconds: float = 0.0, **wish: float) -> dict[str, Any]:
    """Does a call that was checked; what there is to say of it beside that it is done."""
    if tool in ("walk", "turn"):
        move(remote, seconds, wish)
    elif tool == "look":
        remote.look(**wish)
        time.sleep(1.0)  # until it looks there: a picture may come next
    elif tool == "picture":
        taken = camera.take(Path(time.strftime("picture-%Y%m%d-%H%M%S.jpg")))
        return {"file": str(taken.file), "width": taken.width, "height": taken.height}
    elif tool == "sound":
        remote.press("sound")
    else:
        remote.stand()
    return {}


def move(remote: gaitway.Remote, seconds: float, wish: dict[str, float]) -> None:
    """Walks and stands again; at once where the duck cannot. Raises DaemonError then."""
    end_s = time.monotonic() + seconds
    try:
        remote.walk(**wish)
        while time.monotonic() < end_s:
            # A duck that holds still goes on by itself.
            if (state := how()["state"]) not in (None, "running", "holding"):
                raise DaemonError(f"the duck does not walk: it is {state}", hint="somebody at the robot must help")
            time.sleep(max(0.0, min(0.1, end_s - time.monotonic())))
    finally:
        remote.stand()


def how() -> dict[str, Any]:
    """What the duck does and what is wrong with it; nothing where it does not show itself."""
    try:
        row = next(follow(default_socket()), {})
    except DaemonError:
        row = {}
    return {"state": row.get("state"), "fault": row.get("fault")}


def answer(remote: gaitway.Remote, known: dict[str, Any], line: str) -> dict[str, Any]:
    """Does what a line asks for; what came of it, and how the duck is then."""
    try:
        call = checked(line, known)
        return {"tool": call["tool"], "done": True} | do(remote, **call) | how()
    except gaitway.GaitwayError as error:
        return {"done": False, "error": error.message, "hint": error.hint} | how()


def main() -> None:
    """Lists the tools, or does what is called until nothing is any more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the tools as JSON, and end")
    parser.add_argument("--address", default="127.0.0.1:9871", help="gaitwayd --pad-listen (%(default)s)")
    parser.add_argument("--key", type=Path, help="key of a robot elsewhere (default: gaitway pad pair's)")
    options = parser.parse_args()
    contract = gaitway.Policy.load(gaitway.Robot.load().default_policy).contract
    if options.list:
        print(json.dumps(tools(contract.envelope), indent=2))
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where a shell had it ignored in the background.
        signal.signal(number, signal.default_int_handler)
    try:
        with gaitway.Remote(options.address, key=options.key) as remote:
            known = {tool["name"]: tool for tool in tools(contract.envelope)}
            for line in sys.stdin.buffer:
                print(json.dumps(answer(remote, known, line.decode(errors="replace"))), flush=True)
    except gaitway.GaitwayError as error:
        sys.exit(f"error: {error}")
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # who called has gone, or will: the duck stands


if __name__ == "__main__":
    main()
