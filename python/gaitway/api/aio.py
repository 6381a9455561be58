"""`gaitway.connect_async`: the same robots for programs that run on asyncio."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from gaitway.api.base import RobotConnection, head_axes
from gaitway.api.info import PolicyInfo, RobotInfo
from gaitway.api.motion import Motion
from gaitway.api.opening import connect_any
from gaitway.api.state import RobotState
from gaitway.api.state_log import StateLog

Answer = TypeVar("Answer")

#: So many calls may wait for one robot at a time.
_THREADS = 8
_URGENT_THREADS = 2


def connect_async(where: str | Path | None = None, **options: Any) -> "Opening":
    """A robot for a program that runs on asyncio. Takes what `connect` takes.

        async with gaitway.connect_async("sim:") as robot:
            await robot.walk(vx=0.1, seconds=3)

    `await connect_async(…)` works, too: then `await robot.close()` ends it.
    """
    return Opening(where, options)


class Opening:
    """A robot that is about to be connected to: to be awaited, or entered with `async with`."""

    def __init__(self, where: str | Path | None, options: dict[str, Any]) -> None:
        self._where, self._options = where, options
        self._robot: AsyncRobot | None = None

    def __await__(self) -> Generator[Any, None, "AsyncRobot"]:
        return self._open().__await__()

    async def __aenter__(self) -> "AsyncRobot":
        self._robot = await self._open()
        return self._robot

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._robot is not None
        await self._robot.close()

    async def _open(self) -> "AsyncRobot":
        threads = ThreadPoolExecutor(1, thread_name_prefix="connect")
        opening = threads.submit(lambda: connect_any(self._where, **self._options))
        threads.shutdown(wait=False)
        try:
            return AsyncRobot(await asyncio.shield(asyncio.wrap_future(opening)))
        except asyncio.CancelledError:
            # A robot that comes too late is let go of. The loop may have ended by then.
            opening.add_done_callback(_let_go)
            raise


def _let_go(opening: "Future[RobotConnection]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class AsyncRobot:
    """A robot in a program that runs on asyncio: each method is that of `RobotConnection`, in a thread.

    A `walk` or `look` that is cancelled is over at once, and the robot stands.
    """

    def __init__(self, robot: RobotConnection) -> None:
        #: The robot, for programs that have threads, too.
        self.robot = robot
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="robot")
        #: For what takes torque away: it waits for none of the calls before it.
        self._urgent = ThreadPoolExecutor(_URGENT_THREADS, thread_name_prefix="robot, urgent")

    @property
    def info(self) -> RobotInfo:
        """Which robot it is: name, joints, contacts, command axes with units and ranges."""
        return self.robot.info

    @property
    def status(self) -> RobotState:
        """The newest state that is known, without waiting for another."""
        return self.robot.status

    @property
    def policies(self) -> Awaitable[list[PolicyInfo]]:
        """The policies this robot has at hand: `await robot.policies`."""
        return self._do(lambda: self.robot.policies)

    async def observe(self) -> RobotState:
        """The next state: waits for it, some 20 ms."""
        return await self._do(self.robot.observe)

    async def states(self, rate_hz: float = 20.0) -> AsyncIterator[RobotState]:
        """The state, so often, until `close`: `async for state in robot.states(rate_hz=20)`."""
        states = self.robot.states(rate_hz)
        while (state := await self._do(lambda: next(states, None))) is not None:
            yield state

    async def walk(self, *, seconds: float | None = None, **axes: float) -> None:
        """Runs the policy with this command, as `RobotConnection.walk` does. Cancelled, the robot stands."""
        await self._carry_out(seconds, axes)

    async def look(self, *, seconds: float | None = None, **angles: float) -> None:
        """Stands and turns the head, rad, as `RobotConnection.look` does."""
        await self._carry_out(seconds, head_axes(angles))

    async def wait(self, seconds: float) -> None:
        """Lets so much time pass on the robot's clock. Cancelled, the robot goes on as it was told."""
        ticket = Motion()
        await self._do(lambda: self.robot.wait(seconds, until=ticket), ticket.interrupt)

    async def stand(self) -> None:
        """Holds the default pose, without the policy."""
        await self._do(self.robot.stand)

    async def limp(self) -> None:
        """Gives the torque up softly."""
        await self._do(self.robot.limp, threads=self._urgent)

    async def off(self) -> None:
        """Gives the torque up at once, from any pose."""
        await self._do(self.robot.off, threads=self._urgent)

    async def stop(self) -> None:
        """Emergency stop: limp at once."""
        await self._do(self.robot.stop, threads=self._urgent)

    async def use(self, policy: str) -> None:
        """Runs another policy, by its name in `policies`."""
        await self._do(lambda: self.robot.use(policy))

    async def switch(self, policy: str) -> None:
        """Runs another policy on a robot that is up, by its name in `policies`."""
        await self._do(lambda: self.robot.switch(policy))

    async def trim(self, *, gait_speed: float = 0.0, **axes: float) -> None:
        """Adds this to every command that moves."""
        await self._do(lambda: self.robot.trim(gait_speed=gait_speed, **axes))

    async def mark(self, text: str = "") -> None:
        """Keeps the last minute as a recording of its own."""
        await self._do(lambda: self.robot.mark(text))

    def record(self, path: str | Path) -> StateLog:
        """Writes the states into a .csv file: `with robot.record("walk.csv"):` around what is awaited."""
        return self.robot.record(path)

    async def close(self) -> None:
        """Lets go of the robot: one that walked stands."""
        try:
            await self._do(self.robot.close, threads=self._urgent)
        finally:
            self._threads.shutdown(wait=False)
            self._urgent.shutdown(wait=False)

    async def _carry_out(self, seconds: float | None, axes: dict[str, float]) -> None:
        motion = self.robot.begin(seconds, axes)
        await self._do(lambda: self.robot.carry_out(motion), motion.interrupt)

    async def _do(
        self,
        work: Callable[[], Answer],
        interrupt: Callable[[], None] | None = None,
        *,
        threads: ThreadPoolExecutor | None = None,
    ) -> Answer:
        done = asyncio.wrap_future((threads or self._threads).submit(work))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if interrupt is not None:
                interrupt()
                # Who cancelled it goes on when the robot was told to stand.
                await asyncio.wait([done])
            raise
