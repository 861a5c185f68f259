"""The host of Python cells: runs in the user's own interpreter, started by the kernel.

Requests come as JSON lines on one socket, questions (completion and the like) on another.
Everything that happens goes out as frames on one pipe: what is printed, what is shown, and
the answers. Files and descriptors are named by the kernel in TANDEM_HOST.
"""

import ast
import builtins
import codeop
import ctypes
import inspect
import io
import json
import linecache
import os
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import types

SETTINGS = json.loads(os.environ.pop("TANDEM_HOST"))
FRAMES = SETTINGS["frames"]
CONTROL = socket.socket(fileno=SETTINGS["control"])
QUESTIONS = socket.socket(fileno=SETTINGS["questions"])
DEFINITIONS = SETTINGS["definitions"]
STDOUT, STDERR, MESSAGE = 1, 2, 3
MAGIC, HEADER, MAX_PAYLOAD = 0x7A4D, struct.Struct("<HBBIIIQQ"), 4096 - 32

main = types.ModuleType("__main__")
sys.modules["__main__"] = main
main.__builtins__ = builtins
#: What a child that is started by spawn or forkserver runs first: definitions only.
main.__file__ = DEFINITIONS
current_cell = 0
in_cell = False
allow_stdin = False
input_lock = threading.Lock()


def cell_of_thread():
    return getattr(threading.current_thread(), "_tandem_cell", current_cell)


def send(kind, payload, cell=None):
    """Writes frames. Each is at most PIPE_BUF bytes, which the system keeps whole."""
    if cell is None:
        cell = cell_of_thread()
    tid = threading.get_native_id()
    view = memoryview(payload)
    while True:
        part, view = view[:MAX_PAYLOAD], view[MAX_PAYLOAD:]
        head = HEADER.pack(
            MAGIC, kind, 1 if view else 0, len(part), os.getpid(), tid, cell, time.monotonic_ns()
        )
        os.writev(FRAMES, (head, part))
        if not view:
            return


def message(**fields):
    send(MESSAGE, json.dumps(fields, default=str).encode("utf-8", "replace"))


class Stream(io.TextIOBase):
    """Standard output or error, of every thread and of forked children."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, kind, fd):
        self._kind, self._fd = kind, fd
        self.buffer = Raw(kind, fd)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            send(self._kind, text.encode("utf-8", "replace"))
        return len(text)

    def writable(self):
        return True

    def fileno(self):
        return self._fd


class Raw(io.RawIOBase):
    """The bytes below a stream."""

    def __init__(self, kind, fd):
        self._kind, self._fd = kind, fd

    def write(self, data):
        data = bytes(data)
        if data:
            send(self._kind, data)
        return len(data)

    def writable(self):
        return True

    def fileno(self):
        return self._fd


class Input(io.TextIOBase):
    """Standard input: every line is asked for."""

    encoding = "utf-8"

    def readline(self, size=-1):
        line = ask("", False)
        return "" if line is None else line + "\n"

    def readable(self):
        return True

    def fileno(self):
        return 0


def ask(prompt, password):
    if not allow_stdin:
        raise RuntimeError("input was asked for, but this front end cannot be asked")
    with input_lock:
        message(type="input", prompt=str(prompt), password=password)
        return read_line(CONTROL).get("input")


def ask_or_end(prompt="", password=False):
    line = ask(prompt, password)
    if line is None:
        raise EOFError("there is no more input")
    return line


def read_line(connection, pending={}):
    """The next JSON line; the end of the kernel is the end of this process."""
    data = pending.pop(connection, b"")
    while b"\n" not in data:
        more = connection.recv(65536)
        if not more:
            # The group is this process and what cells have started.
            if os.getpgrp() == HOST == os.getpid():
                os.killpg(HOST, signal.SIGKILL)
            os._exit(0)
        data += more
    line, _, rest = data.partition(b"\n")
    if rest:
        pending[connection] = rest
    return json.loads(line)


# --- What is shown -----------------------------------------------------------------------

REPRESENTATIONS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "text/latex": "_repr_latex_",
    "application/json": "_repr_json_",
    "application/javascript": "_repr_javascript_",
}


def bundle(value):
    """All representations of a value, by MIME type, and their metadata."""
    data, metadata = {}, {}

    def add(mime, content):
        if isinstance(content, tuple) and len(content) == 2:
            content, metadata[mime] = content
        if isinstance(content, (bytes, bytearray)):
            import base64

            content = base64.b64encode(content).decode()
        if content is not None:
            data[mime] = content

    if not isinstance(value, type):
        many = getattr(value, "_repr_mimebundle_", None)
        if callable(many):
            found = many(include=None, exclude=None)
            if isinstance(found, tuple):
                found, extra = found
                metadata.update(extra)
            for mime, content in (found or {}).items():
                add(mime, content)
        for mime, name in REPRESENTATIONS.items():
            method = getattr(value, name, None)
            if mime not in data and callable(method):
                add(mime, method())
    if type(value).__name__ == "Figure" and type(value).__module__ == "matplotlib.figure":
        picture = io.BytesIO()
        value.savefig(picture, format="png", bbox_inches="tight", dpi=96)
        add("image/png", picture.getvalue())
    data.setdefault("text/plain", repr(value))
    return data, metadata


def display(*values, display_id=None, raw=False, update=False, **_):
    """Shows values with their richest representation."""
    for value in values:
        data, metadata = (value, {}) if raw else bundle(value)
        if update:
            message(type="update", id=display_id, data=data, metadata=metadata)
        else:
            message(type="display", id=display_id, data=data, metadata=metadata)


def update_display(value, display_id):
    """Replaces what was shown under `display_id`."""
    display(value, display_id=display_id, update=True)


def clear_output(wait=False):
    """Removes the cell's output; with `wait`, only when the next output comes."""
    message(type="clear", wait=bool(wait))


def show_figures():
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for number in pyplot.get_fignums():
            display(pyplot.figure(number))
        pyplot.close("all")


# --- Errors ------------------------------------------------------------------------------

RED, BOLD, GREEN, PLAIN = "\x1b[1;31m", "\x1b[1m", "\x1b[32m", "\x1b[0m"


def describe(kind, value, trace):
    """Name, text and coloured lines of an exception, without frames of this file."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file_name__:
        trace = trace.tb_next
    lines = []
    for part in traceback.TracebackException(kind, value, trace).format():
        for line in part.rstrip("\n").split("\n"):
            if line.startswith('  File "<cell'):
                line = GREEN + line.replace('  File "<', "").replace('>"', "") + PLAIN
            lines.append(line)
    if lines:
        name, _, text = lines[-1].partition(":")
        lines[-1] = f"{RED}{name}{PLAIN}{':' if text else ''}{text}"
    return {"name": kind.__name__, "value": str(value), "traceback": lines}


__file_name__ = describe.__code__.co_filename


def thread_error(args):
    if args.exc_type is not SystemExit:
        error = describe(args.exc_type, args.exc_value, args.exc_traceback)
        name = args.thread.name if args.thread else "a thread"
        text = f"Exception in {name}:\n" + "\n".join(error["traceback"]) + "\n"
        send(STDERR, text.encode("utf-8", "replace"))


def unraisable(args):
    text = f"Exception ignored: {args.err_msg or ''} {args.exc_value!r}\n"
    send(STDERR, text.encode("utf-8", "replace"))


# --- Cells -------------------------------------------------------------------------------


def compile_cell(code, name, silent):
    """The code objects of a cell: its statements, and its last expression if it has a value."""
    linecache.cache[name] = (len(code), None, [line + "\n" for line in code.split("\n")], name)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    tree = compile(code, name, "exec", flags, True)
    last = None
    quiet = silent or code.rstrip().endswith(";")
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not quiet:
        last = ast.Expression(tree.body.pop().value)
    await_flag = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    body = compile(tree, name, "exec", await_flag, True)
    return tree, body, last and compile(last, name, "eval", await_flag, True)


def run_code(code, namespace):
    value = eval(code, namespace)
    if code.co_flags & inspect.CO_COROUTINE:
        import asyncio

        return asyncio.run(value)
    return value


def keep_definitions(tree):
    """Appends what child processes need to a file of definitions."""
    kept = [
        node
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
        or (isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets)
            and isinstance(node.value, ast.Constant))
    ]
    if kept and hasattr(ast, "unparse"):
        with open(DEFINITIONS, "a", encoding="utf-8") as file:
            for node in kept:
                text = ast.unparse(node)
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    text = "try:\n    " + text.replace("\n", "\n    ") + "\nexcept ImportError:\n    pass"
                file.write(text + "\n")


def execute(request):
    global current_cell, in_cell, allow_stdin
    current_cell = request["cell"]
    threading.current_thread()._tandem_cell = current_cell
    allow_stdin = request["allow_stdin"]
    status = {"type": "done"}
    namespace = main.__dict__
    before = dict(namespace) if request["lane"] else None
    try:
        tree, body, last = compile_cell(
            request["code"], f"<cell {current_cell}>", request["silent"] or request["lane"]
        )
        keep_definitions(tree)
        if request["lane"] and not any(isinstance(node, ast.AsyncFunctionDef) for node in tree.body):
            last = None
        for _ in range(request["repeat"]):
            message(type="started")
            read_line(CONTROL)
            in_cell = True
            try:
                run_code(body, namespace)
                value = run_code(last, namespace) if last else None
            finally:
                in_cell = False
                message(type="ended")
        if value is not None:
            main.__dict__["_"] = value
            data, metadata = bundle(value)
            message(type="result", data=data, metadata=metadata)
        show_figures()
    except SystemExit as exit:
        send(STDERR, f"the cell asked to exit ({exit.code}); the Python session goes on\n".encode())
    except BaseException as error:
        status["error"] = describe(type(error), error, error.__traceback__)
    if os.getpid() != HOST:
        os._exit(0)
    if before is not None:
        namespace.clear()
        namespace.update(before)
    message(**status)


def reply(request):
    """Requests other than cells."""
    kind = request["type"]
    try:
        if kind == "evaluate":
            data, metadata = bundle(eval(request["code"], main.__dict__))
            message(type="answer", data=data, metadata=metadata)
        elif kind == "read":
            name = request["name"]
            if name not in main.__dict__:
                raise NameError(f"there is no Python variable `{name}`")
            value = main.__dict__[name]
            refuse_other_than_json(value, name)
            message(type="answer", json=json.dumps(value))
        elif kind == "define":
            main.__dict__[request["name"]] = json.loads(request["json"])
            message(type="answer")
        elif kind == "native":
            import_native(request["library"], request["names"])
            message(type="answer")
    except BaseException as error:
        message(type="answer", error=describe(type(error), error, error.__traceback__))


def refuse_other_than_json(value, name, depth=0):
    """Raises an error that names the part which JSON cannot carry, or would change."""
    if depth > 100:
        raise ValueError(f"`{name}` is nested too deeply, or holds itself")
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise OverflowError(f"`{name}` is an integer of more than 64 bits")
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"`{name}` is {value}, which JSON does not have")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            refuse_other_than_json(item, f"{name}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"`{name}` has the key {key!r}: keys of JSON are texts")
            refuse_other_than_json(item, f"{name}[{key!r}]", depth + 1)
    else:
        hint = ""
        if hasattr(value, "tolist"):
            hint = f"; share `{name}.tolist()`"
        elif isinstance(value, (set, frozenset, range)):
            hint = f"; share `list({name})`"
        raise TypeError(f"`{name}` is a {type(value).__name__}, which JSON cannot carry{hint}")


def import_native(path, names):
    """Defines Python functions for the functions of a Rust library."""
    held, released = ctypes.PyDLL(path), ctypes.CDLL(path)
    held.tandem_free.argtypes = [ctypes.c_void_p]
    held.tandem_free.restype = None
    for name in names:
        calls = []
        for library in (held, released):
            function = getattr(library, "tandem_call_" + name)
            function.argtypes, function.restype = [ctypes.c_char_p], ctypes.c_void_p
            calls.append(function)
        main.__dict__[name] = native_function(name, calls, held.tandem_free)


def native_function(name, calls, free):
    def call(*arguments, release_gil=False):
        pointer = calls[bool(release_gil)](json.dumps(arguments, allow_nan=False).encode())
        try:
            answer = json.loads(ctypes.string_at(pointer))
        finally:
            free(pointer)
        if "error" in answer:
            raise RuntimeError(f"{name}: {answer['error']}")
        return answer["ok"]

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The Rust function {name}. With release_gil=True other Python threads run meanwhile."
    return call


# --- Questions ---------------------------------------------------------------------------


def complete(code, position):
    """Completions as (text, kind) and the start of what they replace, in characters."""
    try:
        import jedi

        line = code.count("\n", 0, position) + 1
        column = position - (code.rfind("\n", 0, position) + 1)
        found = jedi.Interpreter(code, [dict(main.__dict__)]).complete(line, column)
        if found:
            start = position - found[0].get_completion_prefix_length()
            return [(c.name, c.type) for c in found[:200]], start
    except Exception:
        pass
    import rlcompleter

    start = position
    while start > 0 and (code[start - 1].isalnum() or code[start - 1] in "_."):
        start -= 1
    word = code[start:position]
    completer, found = rlcompleter.Completer(main.__dict__), []
    while len(found) < 200:
        match = completer.complete(word, len(found))
        if match is None:
            break
        found.append(match)
    return [(match.rstrip("( "), "") for match in found], start


def inspect_name(code, position, detail):
    """Signature, documentation and (with detail) source of the name at a position."""
    start, end = position, position
    while start > 0 and (code[start - 1].isalnum() or code[start - 1] in "_."):
        start -= 1
    while end < len(code) and (code[end].isalnum() or code[end] == "_"):
        end += 1
    name = code[start:end].strip(".")
    if not name:
        return None
    try:
        value = eval(name, dict(main.__dict__))
    except Exception:
        return None
    lines = []
    try:
        lines.append(f"{BOLD}{name}{inspect.signature(value)}{PLAIN}")
    except (TypeError, ValueError):
        lines.append(f"{BOLD}{name}{PLAIN}: {type(value).__name__}")
    documentation = inspect.getdoc(value)
    if documentation:
        lines += ["", documentation]
    if detail:
        try:
            lines += ["", inspect.getsource(value)]
        except (TypeError, OSError):
            pass
    return "\n".join(lines)


def is_complete(code):
    try:
        compiled = codeop.compile_command(code.rstrip() + "\n", symbol="exec")
    except (SyntaxError, ValueError, OverflowError):
        return "invalid", ""
    last = code.rstrip("\n").split("\n")[-1]
    indent = last[: len(last) - len(last.lstrip())]
    if compiled is None:
        return "incomplete", indent + ("    " if last.rstrip().endswith(":") else "")
    return "complete", ""


def answer_questions():
    while True:
        question = read_line(QUESTIONS)
        answer = {}
        try:
            if question["type"] == "complete":
                matches, start = complete(question["code"], question["position"])
                answer = {"matches": matches, "start": start}
            elif question["type"] == "inspect":
                text = inspect_name(question["code"], question["position"], question["detail"])
                answer = {"text": text}
            elif question["type"] == "is_complete":
                status, indent = is_complete(question["code"])
                answer = {"status": status, "indent": indent}
        except BaseException as error:
            answer = {"error": repr(error)}
        QUESTIONS.sendall(json.dumps(answer, default=str).encode() + b"\n")


def inherit_cells():
    """A thread belongs to the cell of the thread that starts it."""
    start = threading.Thread.start

    def start_in_cell(self):
        self._tandem_cell = cell_of_thread()
        return start(self)

    threading.Thread.start = start_in_cell


HOST = os.getpid()


def serve():
    sys.path[:0] = [SETTINGS["modules"], ""]
    sys.argv = [""]
    sys.stdout, sys.stderr, sys.stdin = Stream(STDOUT, 1), Stream(STDERR, 2), Input()
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    builtins.input = ask_or_end
    import getpass

    getpass.getpass = lambda prompt="Password: ", stream=None: ask_or_end(prompt, True)
    builtins.display, builtins.update_display = display, update_display
    builtins.clear_output = clear_output
    builtins.exit = builtins.quit = lambda code=None: (_ for _ in ()).throw(SystemExit(code))
    threading.excepthook, sys.unraisablehook = thread_error, unraisable
    os.environ.setdefault("MPLBACKEND", "agg")
    inherit_cells()
    threading.Thread(target=answer_questions, daemon=True, name="questions").start()
    gil = not getattr(sys, "_is_gil_enabled", lambda: True)() is False
    message(type="ready", version=".".join(map(str, sys.version_info[:3])), gil=gil, path=sys.executable)
    while True:
        try:
            request = read_line(CONTROL)
            if request["type"] == "execute":
                execute(request)
            else:
                reply(request)
        except KeyboardInterrupt:
            # It came when the cell had just ended.
            continue


serve()
