"""Python cells, one test for each thing a reader would miss."""

import glob
import os
import shutil
import signal
import subprocess
import sys
import unittest

from kernel import Kernel

# The interpreter that runs this test has what the test needs (matplotlib).
os.environ["TANDEM_PYTHON"] = sys.executable


class PythonCells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def run_cell(self, code, **options):
        return self.kernel.run("%%python\n" + code, **options)

    def test_variables_stay_and_the_last_value_is_shown(self):
        self.run_cell("x = 20")
        self.assertEqual(self.run_cell("x * 2").value, "40")
        self.assertIsNone(self.run_cell("x;").value)

    def test_a_traceback_shows_the_cells_own_line(self):
        ran = self.run_cell("def f():\n    return 1 / 0\nf()")
        self.assertEqual(ran.reply["content"]["ename"], "ZeroDivisionError")
        text = "\n".join(ran.reply["content"]["traceback"])
        self.assertIn("return 1 / 0", text)
        self.assertIn("line 3", text)

    def test_threads_and_children_write_into_their_cell(self):
        ran = self.run_cell(
            "import threading, subprocess, sys\n"
            "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
            "subprocess.run([sys.executable, '-c', 'print(\"child\")'])\n"
            "print('both', file=sys.stderr)"
        )
        self.assertIn("thread", ran.text())
        self.assertIn("child", ran.text())
        self.assertIn("both", ran.text("stderr"))

    def test_input_asks_the_user(self):
        ran = self.run_cell("input('name? ').upper()", answer="ada")
        self.assertEqual(ran.value, "'ADA'")

    def test_an_interrupt_ends_a_loop_and_keeps_the_variables(self):
        ran = self.run_cell("kept = 7")
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        request = self.kernel.send("%%python\nprint('running')\nwhile True: pass")
        self.kernel.until(request, lambda m: m["msg_type"] == "stream")
        self.kernel.manager.interrupt_kernel()
        ran = self.kernel.collect(request)
        self.assertEqual(ran.reply["content"]["ename"], "KeyboardInterrupt")
        after = self.run_cell("kept")
        self.assertEqual(after.value, "7", (ran.reply["content"], after.reply["content"]))

    def test_a_crash_is_reported_and_the_next_cell_runs(self):
        ran = self.run_cell("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
        self.assertIn("SIGSEGV", ran.reply["content"]["evalue"])
        self.assertEqual(self.run_cell("1 + 1").value, "2")

    def test_exit_ends_the_cell_and_not_the_session(self):
        self.run_cell("before = 3")
        self.assertEqual(self.run_cell("import sys; sys.exit(2)").status, "ok")
        self.assertEqual(self.run_cell("before").value, "3")

    def test_rich_objects_are_shown(self):
        ran = self.run_cell(
            "class Bold:\n    def _repr_html_(self): return '<b>x</b>'\nBold()"
        )
        self.assertEqual(ran.of("execute_result")[0]["data"]["text/html"], "<b>x</b>")

    def test_a_figure_is_shown_as_a_picture(self):
        ran = self.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone")
        pictures = [d for d in ran.of("display_data") if "image/png" in d["data"]]
        self.assertEqual(len(pictures), 1)

    def test_process_pools_work_without_a_guard(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method):
                ran = self.run_cell(
                    "import multiprocessing\n"
                    "def square(n): return n * n\n"
                )
                self.assertEqual(ran.status, "ok")
                ran = self.run_cell(
                    f"context = multiprocessing.get_context('{method}')\n"
                    "with context.Pool(2) as pool: found = pool.map(square, range(5))\n"
                    "found"
                )
                self.assertEqual(ran.value, "[0, 1, 4, 9, 16]", ran.messages)

    def test_the_bridge_does_native_work(self):
        ran = self.run_cell(
            "import tandem\n"
            "(tandem.burn(1000) == tandem.burn(1000, release_gil=True), tandem.parallel_sum([1.5, 2.5]))"
        )
        self.assertEqual(ran.value, "(True, 4.0)")

    def test_the_bridge_sums_a_buffer_where_it_is(self):
        ran = self.run_cell(
            "import array, tandem\n"
            "numbers = array.array('d', range(100_000))\n"
            "view = memoryview(numbers)[::2]\n"
            "(tandem.parallel_sum(numbers) == sum(numbers), tandem.parallel_sum(list(view)) == sum(view),\n"
            " tandem.parallel_sum(array.array('i', [1, 2])), tandem.parallel_sum(array.array('d')))"
        )
        self.assertEqual(ran.value, "(True, True, 3.0, 0.0)", ran.reply["content"])
        ran = self.run_cell("del view; numbers.append(1.0); len(numbers)")
        self.assertEqual(ran.value, "100001", "the buffer is free again")
        self.assertEqual(self.run_cell("tandem.parallel_sum('text')").status, "error")

    def test_what_json_cannot_carry_is_named(self):
        for code, part in (
            ("x = {'a': [1, {2}]}", "`x['a'][1]` is a set"),
            ("x = [float('nan')]", "`x[0]` is nan"),
            ("x = {1: 2}", "the key 1"),
            ("x = 2**70", "more than 64 bits"),
            ("x = []; x.append(x)", "holds itself"),
        ):
            ran = self.run_cell(code + "\n%share x")
            self.assertEqual(ran.status, "error", code)
            self.assertIn(part, ran.reply["content"]["evalue"])
        ran = self.run_cell("x = {'a': [1, None, 'b', 2.5, True]}\n%share x")
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        self.assertIn("2.5", self.kernel.run("x.to_string()").value)

    def test_every_python_of_this_machine_works(self):
        names = [f"python3.{minor}" for minor in range(9, 16)]
        own = os.path.expanduser("~/.pyenv/versions")
        found = list(filter(None, map(shutil.which, names)))
        found += [path for name in names for path in glob.glob(f"{own}/*/bin/{name}")]
        for path in found:
            with self.subTest(path):
                if subprocess.run([path, "-c", "pass"], stderr=subprocess.DEVNULL).returncode:
                    continue  # A stand-in for one that is not installed.
                ran = self.kernel.run(f"%python {path}")
                self.assertEqual(ran.status, "ok", ran.reply["content"])
                ran = self.run_cell("import sys, tandem; tandem.burn(9, release_gil=True)\n'%d.%d' % sys.version_info[:2]")
                self.assertEqual(ran.value, f"'{os.path.basename(path)[6:]}'", ran.reply["content"])
        self.kernel.run(f"%python {sys.executable}")

    def test_comms_carry_data_and_buffers_both_ways(self):
        ran = self.run_cell(
            "import comm\n"
            "def opened(c, first):\n"
            "    def got(message):\n"
            "        print('got', message['content']['data']['x'], bytes(message['buffers'][0]))\n"
            "        c.send({'y': 2}, metadata={'m': 1}, buffers=[b'\\x00\\xff'])\n"
            "    c.on_msg(got)\n"
            "comm.get_comm_manager().register_target('test', opened)\n"
            "own = comm.create_comm(target_name='page', data={'z': [1, None]})\n"
        )
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        opened = ran.of("comm_open")[0]
        self.assertEqual((opened["target_name"], opened["data"]), ("page", {"z": [1, None]}))
        self.kernel.comm("comm_open", {"comm_id": "a", "target_name": "test", "data": {}})
        answers = self.kernel.comm("comm_msg", {"comm_id": "a", "data": {"x": 5}}, [b"\x80"])
        text = "".join(m["content"]["text"] for m in answers if m["msg_type"] == "stream")
        self.assertEqual(text, "got 5 b'\\x80'\n")
        sent = [m for m in answers if m["msg_type"] == "comm_msg"][0]
        self.assertEqual((sent["content"]["data"], sent["metadata"]), ({"y": 2}, {"m": 1}))
        self.assertEqual([bytes(b) for b in sent["buffers"]], [b"\x00\xff"])
        self.kernel.client.comm_info()
        comms = self.kernel.client.get_shell_msg(timeout=60)["content"]["comms"]
        self.assertEqual({c["target_name"] for c in comms.values()}, {"page", "test"})
        answers = self.kernel.comm("comm_open", {"comm_id": "b", "target_name": "nobody", "data": {}})
        self.assertIn("comm_close", [m["msg_type"] for m in answers])
        answers = self.run_cell("own.close({'bye': True})").of("comm_close")
        self.assertEqual(answers[0]["data"], {"bye": True})

    def test_which_interpreter_runs_is_shown(self):
        ran = self.kernel.run("%python")
        self.assertIn("global interpreter lock", ran.text())
        ran = self.kernel.run("%python /no/such/python")
        self.assertEqual(ran.status, "error")
        self.assertIn("/no/such/python", ran.reply["content"]["evalue"])

    def test_an_interrupt_works_where_the_kernel_was_started_with_it_ignored(self):
        # As in the background of a script, and under nohup.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            kernel = Kernel()
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            for code in ("%%python\nprint('running', flush=True)\nwhile True: pass",
                         "%%c\n#include <stdio.h>\nint main(void) { puts(\"running\"); fflush(stdout); for (;;); }"):
                request = kernel.send(code)
                kernel.until(request, lambda m: m["msg_type"] == "stream")
                kernel.manager.interrupt_kernel()
                reply = kernel.collect(request).reply["content"]
                self.assertIn(reply["ename"], ("KeyboardInterrupt", "Interrupted"), reply)
                self.assertNotIn("killed", reply["evalue"])
        finally:
            kernel.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
