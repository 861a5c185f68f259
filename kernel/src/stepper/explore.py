"""Runs a short Python program under every interleaving of its bytecodes, and tells what came out.

The program's threads are real ones, of which one is let through at a time: before each instruction
that touches something shared, it waits for its turn. `threading` and `time` are replaced, in the
program's eyes only, so that waiting is seen. A run is the list of choices where more than one thread
could go on; the runs are enumerated depth first, each from the start. The request is one line of JSON
on the standard input, the answer one line on the standard output."""

import builtins
import dis
import io
import json
import os
import sys
import threading
import time
import types

FILE = "<cell>"
MONITORING = sys.version_info >= (3, 12)
TOOL = 4
STEPS = 3000
SILENT = {"CACHE", "RESUME", "NOP", "PRECALL", "EXTENDED_ARG", "PUSH_NULL", "COPY", "SWAP"}
NAMES = {"LOAD_GLOBAL", "STORE_GLOBAL", "LOAD_NAME", "STORE_NAME", "DELETE_GLOBAL"}
PARTS = {"LOAD_ATTR", "STORE_ATTR", "BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "BINARY_SLICE"}


class Stop(BaseException):
    """Ends the threads of a run that is over."""


class Task:
    """A thread of the program."""

    def __init__(self, number, name, body):
        self.number, self.name, self.body = number, name, body
        self.turn = threading.Semaphore(0)
        self.state = "new"
        self.ready, self.waits = None, ""
        self.error = None
        self.stored = None


def shared_names(code):
    """The global names that functions of the program assign to."""
    names = set()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            for instruction in dis.get_instructions(constant):
                if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                    names.add(instruction.argval)
            names |= shared_names(constant)
    return names


class Run:
    """One execution."""

    def __init__(self, code, shared, forced, loop):
        self.code, self.shared, self.forced, self.loop = code, shared, list(forced), loop
        self.tasks, self.by_thread = [], {}
        self.back = threading.Semaphore(0)
        self.over = self.cut = False
        self.printed = io.StringIO()
        self.choices, self.parts, self.views = [], [[]], []
        self.tables, self.locks = {}, 0

    # What the program's threads call.

    def me(self):
        return self.by_thread[threading.get_ident()]

    def point(self, task, ready=None, waits=""):
        """Waits for the task's turn, which comes when `ready` says so."""
        task.ready, task.waits = ready, waits
        self.back.release()
        task.turn.acquire()
        if self.over:
            raise Stop
        task.ready, task.waits = None, ""

    def wait(self, ready, waits):
        self.point(self.me(), ready, waits)

    def row(self, task, operation, text=""):
        self.parts[-1].append([task.number, operation, text])

    def instruction(self, task, frame, offset):
        self.settle(task)
        table = self.tables.get(frame.f_code)
        if table is None:
            table = {i.offset: i for i in dis.get_instructions(frame.f_code)}
            self.tables[frame.f_code] = table
        found = table.get(offset)
        if found is None or found.opname in SILENT:
            return
        others = any(t.state == "ready" and t is not task for t in self.tasks)
        top = frame.f_code.co_name == "<module>"
        name = found.opname
        touches = found.argval in self.shared if name in NAMES else name in PARTS and not top
        if touches and others:
            self.point(task)
        if top or not others:
            return
        text = found.argrepr
        if name in NAMES and found.argval in self.shared:
            if name.startswith("LOAD"):
                text = "%s is %s" % (found.argval, self.value(found.argval))
            else:
                row = [task.number, name, str(found.argval)]
                self.parts[-1].append(row)
                task.stored = (found.argval, row)
                return
        self.row(task, name, text)

    def settle(self, task):
        """The value that the last instruction stored is there now."""
        if task.stored:
            name, row = task.stored
            row[2] = "%s becomes %s" % (name, self.value(name))
            task.stored = None

    def value(self, name):
        text = repr(self.names.get(name))
        return text if len(text) < 40 else text[:37] + "..."

    # How instructions are seen: by tracing up to 3.11, by sys.monitoring from 3.12 on.

    def trace_call(self, frame, event, argument):
        if frame.f_code.co_filename != FILE:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.trace

    def trace(self, frame, event, argument):
        if event == "opcode":
            if self.over:
                raise Stop
            self.instruction(self.me(), frame, frame.f_lasti)
        return self.trace

    def monitor(self, code, offset):
        task = self.by_thread.get(threading.get_ident())
        if task is None or task.state != "ready":
            return
        if self.over:
            raise Stop
        self.instruction(task, sys._getframe(1), offset)

    def watch(self, code):
        sys.monitoring.set_local_events(TOOL, code, sys.monitoring.events.INSTRUCTION)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.watch(constant)

    def launch(self, task):
        def body():
            self.by_thread[threading.get_ident()] = task
            task.turn.acquire()
            try:
                if not self.over:
                    if not MONITORING:
                        sys.settrace(self.trace_call)
                    task.body()
            except Stop:
                pass
            except BaseException as error:
                task.error = "%s: %s" % (type(error).__name__, error)
            finally:
                if not MONITORING:
                    sys.settrace(None)
                self.settle(task)
                task.state = "done"
                self.back.release()

        task.state = "ready"
        task.thread = threading.Thread(target=body, daemon=True)
        task.thread.start()

    # The scheduler.

    def short_range(self, *bounds):
        limited = [min(b, self.loop) if isinstance(b, int) and b > 100 else b for b in bounds]
        self.cut |= limited != list(bounds)
        return range(*limited)

    def go(self):
        modules, real = stand_ins(self), builtins.__import__
        names = dict(vars(builtins))
        names["__import__"] = lambda name, *more: modules[name] if name in modules else real(name, *more)
        names["range"] = self.short_range
        names["print"] = lambda *values, **how: print(*values, **{**how, "file": self.printed})
        self.names = {"__name__": "__main__", "__builtins__": names}
        if MONITORING:
            events = sys.monitoring
            if events.get_tool(TOOL) is None:
                events.use_tool_id(TOOL, "interleave")
            events.register_callback(TOOL, events.events.INSTRUCTION, self.monitor)
            self.watch(self.code)
        first = Task(0, "main", lambda: exec(self.code, self.names))
        self.tasks.append(first)
        self.launch(first)
        running = first
        first.turn.release()
        self.back.acquire()
        self.stuck, steps = None, 0
        while True:
            live = [t for t in self.tasks if t.state == "ready"]
            if not live:
                break
            able = [t for t in live if t.ready is None or t.ready()]
            steps += 1
            if not able or steps > STEPS:
                self.stuck = "deadlock" if not able else "no end"
                self.waiting = [(t.number, t.name, t.waits) for t in live]
                self.over = True
                for task in live:
                    task.turn.release()
                for task in live:
                    task.thread.join(2)
                break
            if len(able) == 1:
                running = able[0]
            else:
                numbers = [t.number for t in able]
                depth = len(self.choices)
                wanted = running.number if running.number in numbers else numbers[0]
                if depth < len(self.forced):
                    wanted = self.forced[depth]
                self.views.append({n: self.value(n) for n in sorted(self.shared)})
                self.choices.append((wanted, numbers))
                self.parts.append([])
                running = self.tasks[wanted]
            running.turn.release()
            self.back.acquire()
        return self

    def result(self):
        if self.stuck == "deadlock":
            return "deadlock", "deadlock: " + "; ".join("%s %s" % (n, w) for _, n, w in self.waiting)
        if self.stuck:
            return "no end", "no end in sight after %d steps" % STEPS
        for task in self.tasks:
            if task.error:
                return "error", "%s in %s" % (task.error, task.name)
        return "ok", self.printed.getvalue().strip()


def explore(request):
    code = compile(request["code"], FILE, "exec")
    shared = shared_names(code)
    begun = time.monotonic()
    outcomes, order, tree = {}, [], {}
    waiting, runs, complete = [()], 0, True
    names, cut = [], False
    while waiting:
        if runs >= request["runs"] or time.monotonic() - begun > request["seconds"]:
            complete = False
            break
        prefix = waiting.pop()
        run = Run(code, shared, prefix, request["loop"]).go()
        runs += 1
        kind, text = run.result()
        cut |= run.cut
        names = [t.name for t in run.tasks] if len(run.tasks) > len(names) else names
        taken = [choice for choice, _ in run.choices]
        if (kind, text) not in outcomes:
            outcomes[kind, text] = {"kind": kind, "result": text, "count": 0, "schedule": taken,
                                    "rows": [row for part in run.parts for row in part]}
            order.append((kind, text))
        found = outcomes[kind, text]
        found["count"] += 1
        switches = lambda s: sum(a != b for a, b in zip(s, s[1:]))
        if switches(taken) < switches(found["schedule"]):
            found["schedule"] = taken
            found["rows"] = [row for part in run.parts for row in part]
        for depth in range(len(taken) + 1):
            node = tree.setdefault(",".join(map(str, taken[:depth])), {"rows": run.parts[depth]})
            if depth < len(taken):
                node["choose"], node["shared"] = run.choices[depth][1], run.views[depth]
            else:
                node["kind"], node["result"] = kind, text
        for depth in range(len(prefix), len(taken)):
            for other in run.choices[depth][1]:
                if other != taken[depth]:
                    waiting.append(tuple(taken[:depth]) + (other,))
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "outcomes": [outcomes[key] for key in order],
        "runs": runs, "complete": complete, "threads": names, "cut": cut, "loop": request["loop"],
        "tree": tree if complete and len(tree) <= 4000 else None,
    }


def main():
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        result = explore(json.loads(sys.stdin.readline()))
    except SyntaxError as error:
        result = {"error": "SyntaxError: %s (line %s)" % (error.msg, error.lineno)}
    except Exception as error:
        result = {"error": "%s: %s" % (type(error).__name__, error)}
    answer.write(json.dumps(result))
    answer.flush()
    os._exit(0)


main()
