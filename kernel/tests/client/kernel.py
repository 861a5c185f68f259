"""A kernel and a client for the tests, started by name from the installed kernelspecs.

TANDEM_TEST_KERNEL names another kernel than `tandem`, to see what its users would lose.
"""

import os
import queue
import time

from jupyter_client.manager import start_new_kernel

NAME = os.environ.get("TANDEM_TEST_KERNEL", "tandem")
#: The longest wait for one message, in seconds: generous, because machines are busy.
PATIENCE = 120


class Ran:
    """What one cell did: its reply, and every message it caused, in order."""

    def __init__(self, reply, messages):
        self.reply = reply
        self.messages = messages

    def of(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    def text(self, stream="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == stream)

    @property
    def status(self):
        return self.reply["content"]["status"]

    @property
    def value(self):
        results = self.of("execute_result")
        return results[0]["data"]["text/plain"] if results else None


class Kernel:
    """One running kernel."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(
            kernel_name=NAME, startup_timeout=PATIENCE
        )
        #: Messages read while looking for another request's: nothing is thrown away.
        self.unclaimed = []

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def send(self, code, **options):
        """Sends a cell and does not wait; answers the request's id."""
        return self.client.execute(code, **options)

    def next_of(self, request, timeout):
        """The next iopub message that `request` caused; `queue.Empty` when none came."""
        for index, message in enumerate(self.unclaimed):
            if message["parent_header"].get("msg_id") == request:
                return self.unclaimed.pop(index)
        message = self.client.get_iopub_msg(timeout=timeout)
        if message["parent_header"].get("msg_id") == request:
            return message
        self.unclaimed.append(message)
        raise queue.Empty

    def collect(self, request, answer=None):
        """Everything that belongs to `request`, up to its reply and its idle status."""
        messages, reply, idle = [], None, False
        end = time.monotonic() + PATIENCE
        while reply is None or not idle:
            if time.monotonic() > end:
                raise TimeoutError(f"no end of the cell; so far: {messages}")
            if answer is not None:
                self.give(answer)
            try:
                message = self.next_of(request, 0.05)
                messages.append(message)
                idle = idle or (
                    message["msg_type"] == "status"
                    and message["content"]["execution_state"] == "idle"
                )
            except queue.Empty:
                pass
            if reply is None:
                try:
                    message = self.client.get_shell_msg(timeout=0.05)
                    if message["parent_header"].get("msg_id") == request:
                        reply = message
                except queue.Empty:
                    pass
        return Ran(reply, messages)

    def give(self, answer):
        try:
            self.client.get_stdin_msg(timeout=0)
            self.client.input(answer)
        except queue.Empty:
            pass

    def run(self, code, answer=None, **options):
        options.setdefault("allow_stdin", answer is not None)
        return self.collect(self.send(code, **options), answer)

    def comm(self, kind, content, buffers=()):
        """Sends a message of a comm, and answers every message it causes, up to its idle status."""
        session, socket = self.client.session, self.client.shell_channel.socket
        sent = session.send(socket, kind, content, buffers=list(buffers))
        messages = []
        while not messages or messages[-1]["content"].get("execution_state") != "idle":
            messages.append(self.until(sent["header"]["msg_id"], lambda message: True))
        return messages

    def until(self, request, condition):
        """Reads what `request` causes until `condition` holds for one message."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                message = self.next_of(request, 1)
            except queue.Empty:
                continue
            if condition(message):
                return message
        raise TimeoutError("the awaited message did not come")
