"""What the program of a run sees as `threading` and `time`: nothing here waits, it asks the run for a turn.

This file and `explore.py` are one program; this one comes first."""

import time
import types


def stand_ins(run):
    """The modules `threading` and `time` in the eyes of the program of a run."""

    class Thread:
        def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, daemon=None):
            number = len(run.tasks)
            self.name = name or "Thread-%d" % number
            self.daemon = bool(daemon)
            self._target, self._args, self._kwargs = target, args, kwargs or {}
            self._task = Task(number, self.name, self.run)
            run.tasks.append(self._task)

        def run(self):
            if self._target:
                self._target(*self._args, **self._kwargs)

        def start(self):
            run.launch(self._task)

        def join(self, timeout=None):
            run.wait(lambda: self._task.state == "done", "waits for the end of " + self.name)

        def is_alive(self):
            return self._task.state == "ready"

    class Lock:
        again = False

        def __init__(self):
            run.locks += 1
            self._number, self._owner, self._depth = run.locks, None, 0

        def _name(self):
            return next((k for k, v in run.names.items() if v is self), "lock %d" % self._number)

        def acquire(self, blocking=True, timeout=-1):
            task = run.me()
            free = lambda: self._owner is None or self.again and self._owner is task
            waits = blocking and (timeout is None or timeout < 0)
            run.wait(free if waits else lambda: True, "waits for " + self._name())
            if not free():
                run.row(task, "acquire", self._name() + ": not free")
                return False
            self._owner, self._depth = task, self._depth + 1
            run.row(task, "acquire", self._name())
            return True

        def release(self):
            if self._owner is None:
                raise RuntimeError("release unlocked lock")
            self._depth -= 1
            if self._depth == 0:
                self._owner = None
            run.row(run.me(), "release", self._name())

        def locked(self):
            return self._owner is not None

        def __enter__(self):
            return self.acquire()

        def __exit__(self, *error):
            self.release()

    class RLock(Lock):
        again = True

    class Semaphore:
        bounded = False

        def __init__(self, value=1):
            self._value = self._first = value

        def acquire(self, blocking=True, timeout=None):
            waits = blocking and timeout is None
            run.wait((lambda: self._value > 0) if waits else lambda: True, "waits for a permit")
            if self._value == 0:
                return False
            self._value -= 1
            run.row(run.me(), "acquire", "%d permits are left" % self._value)
            return True

        def release(self, n=1):
            if self.bounded and self._value + n > self._first:
                raise ValueError("Semaphore released too many times")
            self._value += n
            run.row(run.me(), "release", "%d permits are there" % self._value)

        def __enter__(self):
            return self.acquire()

        def __exit__(self, *error):
            self.release()

    class BoundedSemaphore(Semaphore):
        bounded = True

    class Event:
        def __init__(self):
            self._set = False

        def is_set(self):
            return self._set

        def set(self):
            self._set = True

        def clear(self):
            self._set = False

        def wait(self, timeout=None):
            run.wait((lambda: self._set) if timeout is None else lambda: True, "waits for an event")
            return self._set

    class Condition:
        def __init__(self, lock=None):
            self._lock = lock or RLock()
            self._waiting = []
            self.acquire, self.release = self._lock.acquire, self._lock.release

        def _held(self):
            if self._lock._owner is not run.me():
                raise RuntimeError("the lock of the condition is not held")
            return self._lock

        def wait(self, timeout=None):
            lock, task, ticket = self._held(), run.me(), [False]
            self._waiting.append(ticket)
            depth, lock._depth, lock._owner = lock._depth, 0, None
            run.row(task, "wait", "%s is given back" % lock._name())
            # With a time limit its end is one of the things that can happen at any moment.
            called = lambda: ticket[0] or timeout is not None
            run.wait(lambda: called() and lock._owner is None, "waits for a notify")
            lock._owner, lock._depth = task, depth
            if not ticket[0]:
                self._waiting.remove(ticket)
            run.row(task, "wait", "is over; %s is held again" % lock._name())
            return ticket[0]

        def wait_for(self, predicate, timeout=None):
            true = predicate()
            while not true:
                in_time = self.wait(timeout)
                true = predicate()
                if not in_time:
                    break
            return true

        def notify(self, n=1):
            self._held()
            called, self._waiting = self._waiting[:n], self._waiting[n:]
            for ticket in called:
                ticket[0] = True
            run.row(run.me(), "notify", "wakes %s" % (len(called) or "nobody"))

        def notify_all(self):
            self.notify(len(self._waiting))

        def __enter__(self):
            return self.acquire()

        def __exit__(self, *error):
            self.release()

    class Barrier:
        def __init__(self, parties, action=None, timeout=None):
            self.parties, self._action = parties, action
            self.n_waiting, self._round = 0, 0

        def wait(self, timeout=None):
            run.wait(lambda: True, "comes to a barrier")
            number, round = self.n_waiting, self._round
            self.n_waiting += 1
            if self.n_waiting == self.parties:
                if self._action:
                    self._action()
                self.n_waiting, self._round = 0, round + 1
            run.row(run.me(), "wait", "number %d of %d at the barrier" % (number + 1, self.parties))
            run.wait(lambda: self._round != round, "waits at a barrier")
            return number

    kinds = (Thread, Lock, RLock, Semaphore, BoundedSemaphore, Event, Condition, Barrier)
    for kind in kinds:
        kind.__qualname__ = kind.__name__
    threads = types.SimpleNamespace(
        **{kind.__name__: kind for kind in kinds},
        get_ident=lambda: run.me().number,
        current_thread=lambda: types.SimpleNamespace(name=run.me().name),
    )
    clock = types.SimpleNamespace(
        sleep=lambda seconds: run.wait(lambda: True, "sleeps"),
        time=time.time, monotonic=time.monotonic, perf_counter=time.perf_counter,
    )
    return {"threading": threads, "time": clock}


