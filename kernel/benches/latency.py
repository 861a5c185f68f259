"""Measures how long cells take in several Jupyter kernels, in turn, in one run.

Started by `cargo bench -p tandem --bench latency`, which hands over the kernels as JSON:
{"rounds": 9, "kernels": {"tandem": ["tandem", "serve", "{connection_file}"], ...}}.
Every round runs each cell in each kernel before the next cell, so that a change in the
machine's load meets all kernels alike. Times are from the request sent to the idle status.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

RUST_CELLS = [
    ("1 + 1", "1 + 1"),
    ("let x = 1;", "let x = 1;"),
    ("println", 'println!("hello");'),
    ("small fn", "fn add(a: i32, b: i32) -> i32 {{ a + b + {round} }}"),
    ("redefine a variable", 'let x = String::from("text");'),
    ("use variable and fn", "add(x.len() as i32, 2)"),
    (
        "4 scoped threads",
        "std::thread::scope(|s| {{ for i in 0..4 {{ s.spawn(move || println!(\"{{i}}\")); }} }})",
    ),
    ("panic", 'panic!("on purpose")'),
]
PYTHON_CELLS = [
    ("1 + 1", "1 + 1"),
    ("let x = 1;", "x = 1"),
    ("println", 'print("hello")'),
    ("small fn", "def add(a, b): return a + b + {round}"),
    ("redefine a variable", 'x = "text"'),
    ("use variable and fn", "add(len(x), 2)"),
    (
        "4 scoped threads",
        "import threading\n"
        "ts = [threading.Thread(target=print, args=(i,)) for i in range(4)]\n"
        "for t in ts: t.start()\n"
        "for t in ts: t.join()",
    ),
    ("panic", 'raise RuntimeError("on purpose")'),
]
LINES = ("100,000 lines", 'for i in 0..100_000 {{ println!("{{i}}"); }}')
PYTHON_LINES = ("100,000 lines", "for i in range(100_000): print(i)")


class Kernel:
    """One kernel process and a client that talks to it."""

    def __init__(self, name, command):
        self.name = name
        self.python = "ipykernel" in name or "python" in name
        handle, self.file = tempfile.mkstemp(suffix=".json")
        os.close(handle)
        write_connection_file(self.file)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [part.replace("{connection_file}", self.file) for part in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = BlockingKernelClient()
        self.client.load_connection_file(self.file)
        self.client.start_channels()
        self.info = self.wait_for_info()

    def wait_for_info(self):
        while time.perf_counter() - self.started < 120:
            self.client.kernel_info()
            try:
                self.client.get_shell_msg(timeout=0.02)
                return time.perf_counter() - self.started
            except Exception:
                if self.process.poll() is not None:
                    raise SystemExit(f"{self.name} ended with {self.process.returncode}")
        raise SystemExit(f"{self.name} did not answer within 120 s")

    def run(self, code):
        """Seconds until the kernel is idle again, and what was printed."""
        begin = time.perf_counter()
        request = self.client.execute(code)
        text = []
        while True:
            message = self.client.get_iopub_msg(timeout=300)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                text.append(content["text"])
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return time.perf_counter() - begin, "".join(text)

    def stop(self):
        self.client.stop_channels()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        os.unlink(self.file)


def main():
    task = json.load(sys.stdin)
    rounds = task["rounds"]
    kernels, first = [], {}
    for name, command in task["kernels"].items():
        print(f"starting {name} ...", file=sys.stderr, flush=True)
        kernel = Kernel(name, command)

        kernel.run("1 + 1")
        first[name] = time.perf_counter() - kernel.started
        kernels.append(kernel)
        print(f"  first reply {kernel.info:.2f} s, first cell {first[name]:.2f} s", file=sys.stderr)
    times = {}
    for round_number in range(rounds):
        print(f"round {round_number + 1} of {rounds}", file=sys.stderr, flush=True)
        for index, (label, _) in enumerate(RUST_CELLS):
            for kernel in kernels:
                cells = PYTHON_CELLS if kernel.python else RUST_CELLS
                seconds, _ = kernel.run(cells[index][1].format(round=round_number))
                if round_number > 0 or rounds == 1:
                    times.setdefault((label, kernel.name), []).append(seconds)
    for kernel in kernels:
        label, code = PYTHON_LINES if kernel.python else LINES
        seconds, text = kernel.run(code.format())
        if text.count("\n") < 100_000:
            print(f"{kernel.name} lost lines", file=sys.stderr)
        times.setdefault((label, kernel.name), []).append(seconds)
    for kernel in kernels:
        kernel.stop()
    labels = list(dict.fromkeys(label for label, _ in times))
    json.dump(
        {
            "info": {kernel.name: kernel.info for kernel in kernels},
            "first_cell": first,
            "cells": [
                {
                    "cell": label,
                    "median": {
                        kernel.name: statistics.median(times[label, kernel.name])
                        for kernel in kernels
                    },
                }
                for label in labels
            ],
        },
        sys.stdout,
    )


main()
