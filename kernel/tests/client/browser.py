"""A headless Chromium, driven by the DevTools protocol: enough to open pages, ask and look."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

import websocket


class Browser:
    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if program is None:
            raise RuntimeError("the browser test needs Chromium: sudo apt install chromium")
        self.profile = tempfile.mkdtemp(prefix="tandem-browser-")
        self.process = subprocess.Popen(
            [
                program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--remote-debugging-port=0", "--remote-allow-origins=*",
                f"--user-data-dir={self.profile}", "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.ids = itertools.count(1)
        address = self._page(time.monotonic() + 120)
        self.socket = websocket.create_connection(address, timeout=120)
        # A page without the focus has no current widget.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def _page(self, end):
        """The address of the first page's DevTools; Chromium writes its port to its profile."""
        while time.monotonic() < end:
            try:
                with open(os.path.join(self.profile, "DevToolsActivePort")) as file:
                    port = int(file.readline())
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                    pages = [p for p in json.load(answer) if p["type"] == "page"]
                return pages[0]["webSocketDebuggerUrl"]
            except (OSError, ValueError, IndexError):
                time.sleep(0.2)
        raise TimeoutError("Chromium did not start")

    def call(self, method, **parameters):
        number = next(self.ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def ask(self, expression):
        """The value of a JavaScript expression, which may be a promise."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def wait(self, expression, patience=120):
        """Waits until a JavaScript expression is true."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                if self.ask(expression):
                    return
            except RuntimeError:
                pass  # The page is still being made.
            time.sleep(0.5)
        raise TimeoutError(f"never true: {expression}")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def stop(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.profile, ignore_errors=True)
