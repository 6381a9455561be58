"""Chromium without a window, over its own debugging pipe: to look at the view's page as a browser draws it.

Needs Debian's chromium; no library. It draws in software: how fast says nothing of a graphics card.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

_PATIENCE_S = 60.0


class Browser:
    """One page of a headless chromium."""

    def __init__(self, url: str, *, width: int = 1200, height: int = 760) -> None:
        program = shutil.which("chromium")
        if program is None:
            raise SystemExit("expected chromium on the path, found none\n  hint: apt install chromium")
        self._profile = tempfile.TemporaryDirectory(prefix="gaitway-browser-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # It reads from 3 and writes to 4.
        command = f'exec "{program}" "$@" 3<&{to_read} 4>&{to_write}'
        flags = [
            *("--headless", "--no-sandbox", "--remote-debugging-pipe", "--use-gl=angle", "--use-angle=swiftshader"),
            *("--enable-unsafe-swiftshader", "--hide-scrollbars", "--no-first-run", "--disable-dev-shm-usage"),
            f"--user-data-dir={self._profile.name}",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", command, "chromium", *flags, "about:blank"],
            pass_fds=(to_read, to_write),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        #: What the page has said to its console and thrown.
        self.said: list[str] = []
        (target,) = [each for each in self._ask("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        attached = self._ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        # A headless page is told that it has the focus: keys are let go without it.
        self._ask("Emulation.setFocusEmulationEnabled", enabled=True)
        self._ask("Page.navigate", url=url)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is in the page."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, limit_s: float = _PATIENCE_S) -> None:
        """Until an expression is true; the limit is one against hanging."""
        end_s = time.monotonic() + limit_s
        while not self.value(expression):
            if time.monotonic() > end_s:
                raise TimeoutError(f"never true: {expression}; the page said {self.said}")
            time.sleep(0.05)

    def text(self, element: str) -> str:
        """The text of an element, empty where it is hidden."""
        found = f"document.getElementById({element!r})"
        return str(self.value(f"{found}.checkVisibility() ? {found}.innerText : ''"))

    def click(self, element: str) -> None:
        """Clicks an element."""
        self.value(f"document.getElementById({element!r}).click()")

    def key(self, code: str, *, is_down: bool) -> None:
        """Presses a key, or lets it go: KeyW, Space."""
        what = "rawKeyDown" if is_down else "keyUp"
        self._ask("Input.dispatchKeyEvent", type=what, code=code, key=" " if code == "Space" else code[-1].lower())

    def picture(self, path: Path) -> None:
        """Writes what the page looks like, as PNG of at most 256 colours: a third of the bytes."""
        import io

        from PIL import Image

        data = base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])
        Image.open(io.BytesIO(data)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)

    def close(self) -> None:
        """Ends the browser."""
        try:
            self._session = None
            self._ask("Browser.close")
            self._process.wait(timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._hear()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            chunk = os.read(self._from, 1 << 20)
            if not chunk:
                raise OSError("the browser has ended")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if message.get("method") == "Runtime.exceptionThrown":
            self.said.append(message["params"]["exceptionDetails"]["exception"].get("description", "?"))
        if message.get("method") == "Log.entryAdded":
            self.said.append(message["params"]["entry"]["text"])
        return message
