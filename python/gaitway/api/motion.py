"""What a robot was asked to do last: it can be interrupted, and the next one takes its place."""

import threading
from collections.abc import Mapping


class Motion:
    """One thing a robot was asked to do. It is over where it was interrupted, or another took its place."""

    def __init__(self, axes: Mapping[str, float] | None = None, seconds: float | None = None) -> None:
        #: The command by axis; nothing for a robot that is not asked to walk.
        self.axes = dict(axes or {})
        #: How long it is held; None until the next one.
        self.seconds = seconds
        self._over = threading.Event()
        self._is_replaced = False

    @property
    def is_over(self) -> bool:
        """Whether who waits for it shall wait no longer."""
        return self._over.is_set()

    @property
    def is_replaced(self) -> bool:
        """Whether another took its place: what the robot does now is no longer its business."""
        return self._is_replaced

    def interrupt(self) -> None:
        """Ends it: the robot stands, and who waits for it goes on."""
        self._over.set()

    def replace(self) -> None:
        """Another takes its place."""
        self._is_replaced = True
        self._over.set()

    def wait(self, seconds: float) -> bool:
        """Waits so long at most; True where it is over."""
        return self._over.wait(max(0.0, seconds))
