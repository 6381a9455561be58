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
from gaitway.errors import DaemonError, GaitwayError, RefusedError

#: The robot gets up and runs its policy within this time, s.
_RUNS_WITHIN_S = 30.0
#: `gaitwayd` is back with another policy within this time, s: it goes limp softly, and loads the policy.
_BACK_WITHIN_S = 30.0
#: Between two tries to connect again, s.
_RETRY_S = 0.05
#: Between two looks at what is waited for, s.
_LOOK_S = 0.05
#: States that come by themselves, Hz; more only where somebody asks for more.
_RATE_HZ = 50.0
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
        status_count, _ = connection.newest("status")
        _, status = connection.newest("status", after=status_count)
        _, joints = connection.newest("joints")
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
        if motion.is_over:
            return
        self._request_mode("run")
        end_s = time.monotonic() + _RUNS_WITHIN_S
        while not motion.is_over and (seen := self.observe()).state != "running":
            self._control.check()
            if seen.stopped:
                raise RefusedError("the emergency stop is set", hint="clear it at the robot", code="stopped")
            if time.monotonic() > end_s:
                raise self._does_not_run(seen)

    def _does_not_run(self, seen: RobotState) -> DaemonError:
        found, hint = f"it is {seen.state}", _WAITS_FOR.get(seen.state, "gaitway doctor looks for the cause")
        if seen.fault is not None:
            found, hint = f"{found}, with the fault {seen.fault}", seen.fault_hint or hint
        return DaemonError(f"{self.title} does not run after {_RUNS_WITHIN_S:g} s: {found}", hint=hint)

    def _command(self, axes: Mapping[str, float]) -> None:
        self._control.command(axes)

    def _pass(self, seconds: float, motion: Motion) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0 and not motion.wait(min(left_s, _LOOK_S)):
            self._check_here()
            self._control.check()

    def _check_here(self) -> None:
        """Raises DaemonError where the robot has gone."""
        self.connection.latest("status")

    def _request_mode(self, mode: str) -> None:
        self.connection.request("mode", mode=mode, lease=self._control.take())

    def _enter(self, mode: Mode) -> None:
        # Whoever lets it run again has not asked for what was commanded before.
        self._control.forget()
        if mode == "limp":
            self.connection.request("mode", mode=mode)
        else:
            self._request_mode(mode)

    def _stop(self) -> None:
        self.connection.request("stop")
        self._control.forget()

    def _use(self, policy: str) -> None:
        self._control.forget()
        old = self.connection
        old.request("policy", name=policy, lease=self._control.take())
        end_s = time.monotonic() + _BACK_WITHIN_S
        if not old.wait_for_end(_BACK_WITHIN_S):
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

    def _dial_again(self, policy: str, end_s: float) -> Connection:
        while True:
            try:
                return self._dial()
            except DaemonError as error:
                if time.monotonic() > end_s:
                    raise self._not_back(policy, error.message) from error
            time.sleep(_RETRY_S)

    def _not_back(self, policy: str, why: str) -> DaemonError:
        message = f"{self.title} is not back within {_BACK_WITHIN_S:g} s of being asked to run {policy}: {why}"
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
        states, end = self.states(rate_hz), threading.Event()

        def follow() -> None:
            # That the robot has gone is told to whoever commands it; the rows until then are there.
            with contextlib.suppress(GaitwayError):
                for state in states:
                    if end.is_set():
                        return
                    see(state)

        def stop() -> None:
            end.set()
            thread.join()

        thread = threading.Thread(target=follow, name="states", daemon=True)
        thread.start()
        return stop

    def _close(self) -> None:
        self._control.close()
        self.connection.close()


def _policy(row: dict[str, Any]) -> PolicyInfo:
    file = row.get("file")
    return PolicyInfo(str(row["name"]), None if file is None else Path(str(file)), bool(row["runs"]))
