"""`ConnectedRobot`: a robot that runs under `gaitwayd`, through its local API."""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gaitway.api.base import Mode, RobotConnection
from gaitway.api.connection import Connection
from gaitway.api.control import Control
from gaitway.api.info import PolicyInfo, info_of
from gaitway.api.motion import Motion
from gaitway.api.state import RobotState, state_of
from gaitway.errors import DaemonError, GaitwayError, PolicyError, RefusedError

#: A robot gets up, or is back with another policy, within this time, s.
_PATIENCE_S = 30.0
#: States follow a mode that was asked for within so many ticks.
_MODE_TICKS = 2
#: Between two tries to connect again, s.
_RETRY_S = 0.05
#: Between two looks at what is waited for, s.
_LOOK_S = 0.05
#: States that come by themselves, Hz; more only where somebody asks for more.
_RATE_HZ = 50.0
#: States without torque.
_LIMP = ("off", "limp")
#: What a robot that does not get up waits for, by its state, where no fault says it.
_WAITS_FOR = {
    "off": "gaitwayd is not up yet: look at its log",
    "limp": "its torque is off: gaitwayd's log says why (stays limp: …), and gaitway doctor looks for the cause",
    "aligning": "it moves slowly to its pose: is a joint held or blocked?",
    "ready": "it holds its pose and starts on the ground alone: set it down, upright; on a stand: gaitwayd --on-stand",
    "holding": "it holds still until its sensors are back: gaitway doctor looks for the cause",
}


class ConnectedRobot(RobotConnection):
    """A running robot. Seeing it takes nothing; the first command takes a lease, which is given up by `close`."""

    def __init__(self, dial: Callable[[], Connection], source: str = "network") -> None:
        """`dial` connects to it, here and after `use`; `source` is whom commands are given for."""
        self._dial, self._source = dial, source
        #: How long it may take until the robot runs, or is back after `use`, s.
        self.patience_s = _PATIENCE_S
        #: Whether this program has set another mode since the robot was last seen to run.
        self._is_out_of_run = False
        #: Made anew by `use`.
        self.connection = dial()
        try:
            super().__init__(info_of(self.connection.hello))
            self._meet()
        except BaseException:
            atexit.unregister(self.close)
            self.connection.close()
            raise

    @property
    def status(self) -> RobotState:
        """The newest state that has come; only the first is waited for. Raises DaemonError where the robot has gone."""
        connection = self.connection
        status, joints = connection.latest("status"), connection.latest("joints")
        if status is None or joints is None:
            return self.observe()
        return state_of(connection.hello, status, joints)

    def observe(self) -> RobotState:
        """How it is now: state, fault, command, joints. Waits for the next message, 20 ms on average."""
        connection = self.connection
        seen, _ = connection.newest("joints")
        # Of a tick the status comes first.
        _, joints = connection.newest("joints", after=seen)
        _, status = connection.newest("status")
        return state_of(connection.hello, status, joints)

    @property
    def policies(self) -> list[PolicyInfo]:
        """The policies this robot has at hand."""
        answer = self.connection.request("policies")
        try:
            return [_policy(row) for row in answer["policies"]]
        except (KeyError, TypeError) as error:
            message = f"expected a list of policies, found one without a usable {error}"
            raise DaemonError(message, hint="update the older of the two, gaitwayd or this package") from error

    def mark(self, text: str = "") -> None:
        """Keeps the last minute as a recording of its own. It needs no control."""
        self.connection.request("mark", text=text)

    def _meet(self) -> None:
        """A new connection: nothing is commanded yet, states come by themselves."""
        self._control = Control(self.connection, self._source)
        self._rate_hz = _RATE_HZ
        self.connection.request("subscribe", topics=["status", "joints"], rate_hz=_RATE_HZ)

    def _run(self, motion: Motion) -> None:
        # Checked and said in one: who wants it limp meanwhile comes after.
        with self._motion_lock:
            if motion.is_over:
                return
            may_only_stand = self._request_mode("run").get("mode") == "stand"
        if may_only_stand and any(self.command_axes[axis].endswith("/s") for axis in motion.axes):
            raise DaemonError(f"{self.title} may only stand", hint="gaitwayd runs with --stand: start it without")
        enough = ("running", "ready") if may_only_stand else ("running",)
        seen = self._observe_after_mode() if self._is_out_of_run else self.status
        end_s = time.monotonic() + self.patience_s
        had_fault = False
        while seen.state not in enough and not motion.is_over:
            self._control.check()
            _check_stop(seen)
            if time.monotonic() > end_s:
                raise self._does_not_run(seen)
            # A fault makes it limp, and it stays so when the fault has gone, until it is asked again.
            is_limp = seen.state in _LIMP
            if had_fault and is_limp and seen.fault is None:
                with self._motion_lock:
                    if not motion.is_over:
                        self._request_mode("run")
            had_fault = is_limp and seen.fault is not None
            seen = self.observe()
        self._is_out_of_run = False

    def _observe_after_mode(self) -> RobotState:
        """How it is once it has heard of the mode: until then it looks as if it still ran."""
        first = seen = self.observe()
        while seen.tick < first.tick + _MODE_TICKS:
            seen = self.observe()
        return seen

    def _does_not_run(self, seen: RobotState) -> DaemonError:
        waits_for = (self.connection.latest("status") or {}).get("waits_for")
        why, hint = _how(seen), seen.fault_hint or _WAITS_FOR.get(seen.state, "gaitway doctor looks for the cause")
        if isinstance(waits_for, dict):
            why, hint = f"{why}: {waits_for.get('why')}", str(waits_for.get("hint"))
        return DaemonError(f"{self.title} does not run after {self.patience_s:g} s: {why}", hint=hint)

    def _command(self, axes: Mapping[str, float]) -> None:
        self._control.command(axes)

    def _pass(self, seconds: float, motion: Motion) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0 and not motion.wait(min(left_s, _LOOK_S)):
            self._control.check()
            seen = self.status
            if self._motion.axes and seen.state in _LIMP:
                _check_stop(seen)
                hint = seen.fault_hint or "somebody set it limp; walk again gets it up"
                raise DaemonError(f"{self.title} does not walk any more: {_how(seen)}", hint=hint)
        if motion.axes and not motion.is_over and self._control.is_overridden:
            holder = self.status.lease_holder or "a stronger client"
            hint = (
                "wait until it ends, or switch the gamepad off: it is stronger than a program, and that than an agent"
            )
            raise RefusedError(f"{self.title} follows {holder}, not this program", hint=hint, code="overridden")

    def _request_mode(self, mode: str) -> dict[str, Any]:
        return self.connection.request("mode", mode=mode, lease=self._control.take())

    def _enter(self, mode: Mode) -> None:
        # Whoever lets it run again has not asked for what was commanded before.
        self._control.forget()
        self._is_out_of_run = True
        if mode == "limp":
            self.connection.request("mode", mode=mode)
        else:
            self._request_mode(mode)

    def _stop(self) -> None:
        self._is_out_of_run = True
        self.connection.request("stop")
        self._control.forget()

    def _use(self, policy: str) -> None:
        known = [each.name for each in self.policies]
        if policy not in known:
            # Before anything else: a robot that has no such policy does not go limp for it.
            message = f"{self.title} has no policy {policy!r}"
            raise PolicyError(message, hint=f"its policies: {', '.join(known) or 'none'}")
        lease = self._control.take()
        self._enter("limp")
        self._wait_until_limp()
        old = self.connection
        old.request("policy", name=policy, lease=lease)
        end_s = time.monotonic() + self.patience_s
        if not old.wait_for_end(self.patience_s):
            raise self._not_back(policy, f"{old.name} has not begun anew")
        self._control.close()
        old.close()
        self.connection = self._dial_again(policy, end_s)
        self.info = info_of(self.connection.hello)
        self._meet()
        running = [known.name for known in self.policies if known.runs]
        if running != [policy]:
            raise DaemonError(
                f"{self.title}: expected the policy {policy} to run, found {', '.join(running) or 'none'}",
                hint="gaitwayd's log says why it did not start with it",
            )

    def _switch(self, policy: str) -> None:
        seen = self.observe()
        if seen.state in _LIMP:
            message = f"{self.title}: expected a robot that is up, found it {seen.state}"
            raise RefusedError(message, hint="use() gives a limp robot another policy", code="not_possible")
        connection = self.connection
        connection.request("policy", name=policy, lease=self._control.take())
        connection.greet()
        self.info = info_of(connection.hello)

    def _wait_until_limp(self) -> None:
        """gaitwayd starts anew only where nothing depends on it."""
        seen, end_s = self._observe_after_mode(), time.monotonic() + self.patience_s
        while seen.state not in _LIMP:
            if time.monotonic() > end_s:
                message = f"{self.title}: expected it limp within {self.patience_s:g} s, found it {seen.state}"
                raise DaemonError(message, hint=seen.fault_hint or "limp() gives its torque up")
            seen = self.observe()

    def _dial_again(self, policy: str, end_s: float) -> Connection:
        while True:
            try:
                return self._dial()
            except DaemonError as error:
                if time.monotonic() > end_s:
                    raise self._not_back(policy, error.message) from error
            time.sleep(_RETRY_S)

    def _not_back(self, policy: str, why: str) -> DaemonError:
        message = f"{self.title} is not back within {self.patience_s:g} s of being asked to run {policy}: {why}"
        return DaemonError(message, hint="gaitwayd's log says what keeps it")

    def _trim(self, axes: Mapping[str, float], gait_speed: float) -> None:
        self.connection.request("trim", lease=self._control.take(), axes=dict(axes), gait_speed=gait_speed)

    def _states(self, rate_hz: float) -> Iterator[RobotState]:
        if rate_hz > self._rate_hz:
            self.connection.request("subscribe", topics=["status", "joints"], rate_hz=rate_hz)
            self._rate_hz = rate_hz
        next_s = time.monotonic()
        while not self._is_closed:
            try:
                state = self.observe()
            except DaemonError:
                if self._is_closed:
                    return
                raise
            yield state
            # Of a program that takes longer over a state nothing is queued.
            next_s = max(next_s + 1 / rate_hz, time.monotonic())
            time.sleep(max(0.0, next_s - time.monotonic() - 0.5 / self._rate_hz))

    def _watch(self, see: Callable[[RobotState], None], rate_hz: float) -> Callable[[], None]:
        end = threading.Event()

        def follow() -> None:
            while not end.is_set():
                connection = self.connection
                # A robot that has gone is told to whoever commands it; the rows until then are there.
                with contextlib.suppress(GaitwayError):
                    for state in self.states(rate_hz):
                        if end.is_set():
                            return
                        see(state)
                end_s = time.monotonic() + self.patience_s
                # `use` connects anew: the rows go on from there.
                while self.connection is connection and not end.wait(_RETRY_S):
                    if self._is_closed or time.monotonic() > end_s:
                        return

        def stop() -> None:
            end.set()
            thread.join()

        thread = threading.Thread(target=follow, name="states", daemon=True)
        thread.start()
        return stop

    def _close(self) -> None:
        self._control.close()
        self.connection.close()


def _check_stop(seen: RobotState) -> None:
    if seen.stopped:
        raise RefusedError("the emergency stop is set", hint="clear it at the robot", code="stopped")


def _how(seen: RobotState) -> str:
    return f"it is {seen.state}" if seen.fault is None else f"it is {seen.state}, with the fault {seen.fault}"


def _policy(row: dict[str, Any]) -> PolicyInfo:
    file = row.get("file")
    return PolicyInfo(str(row["name"]), None if file is None else Path(str(file)), bool(row["runs"]))
