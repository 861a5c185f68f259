"""What a user of Rust cells loses with other kernels, one test for each loss.

Every test here fails with evcxr_jupyter 0.22 (TANDEM_TEST_KERNEL=rust).
"""

import os
import signal
import time
import unittest
import uuid

from kernel import Kernel


def prints(text, stream="stdout"):
    return lambda message: (
        message["msg_type"] == "stream"
        and message["content"]["name"] == stream
        and text in message["content"]["text"]
    )


class RustCells(unittest.TestCase):
    def setUp(self):
        self.kernel = Kernel()
        self.addCleanup(self.kernel.stop)

    def test_01_run_all_stops_at_a_panic(self):
        first = self.kernel.send('panic!("stop here")')
        second = self.kernel.send('println!("must not run")')
        failed = self.kernel.collect(first)
        self.assertEqual(failed.status, "error")
        self.assertIn("stop here", failed.reply["content"]["evalue"])
        self.assertEqual(self.kernel.collect(second).status, "aborted")

    def test_01_a_failed_question_mark_is_an_error(self):
        ran = self.kernel.run('let n: i32 = "x".parse::<i32>()?;')
        self.assertEqual(ran.status, "error")

    def test_01_one_compile_error_is_one_message_with_all_fields(self):
        ran = self.kernel.run('let a: i32 = "x";\nlet b: i32 = "y";')
        self.assertEqual(ran.status, "error")
        for field in ("ename", "evalue", "traceback"):
            self.assertTrue(ran.reply["content"][field], field)
        self.assertEqual(len(ran.of("error")), 1)

    def test_01_an_old_warning_is_no_error(self):
        self.kernel.run("fn unused_mut() { let mut x = 1; println!(\"{x}\"); }")
        ran = self.kernel.run("1 + 1")
        self.assertEqual((ran.status, ran.of("error"), ran.value), ("ok", [], "2"))

    def test_02_an_interrupt_keeps_the_variables(self):
        self.kernel.run("let kept = vec![1, 2, 3];")
        request = self.kernel.send('println!("running"); loop {}')
        self.kernel.until(request, prints("running"))
        self.kernel.manager.interrupt_kernel()
        ran = self.kernel.collect(request)
        self.assertEqual(ran.reply["content"]["ename"], "KeyboardInterrupt")
        self.assertEqual(self.kernel.run("kept.len()").value, "3")

    def test_03_text_without_a_line_end_is_shown_at_once_and_ends(self):
        request = self.kernel.send(
            'use std::io::Write; print!("part"); std::io::stdout().flush().unwrap();\n'
            "std::thread::sleep(std::time::Duration::from_secs(3));\n"
            'print!("end");'
        )
        message = self.kernel.until(request, prints("part"))
        self.assertNotIn("end", message["content"]["text"])
        self.assertTrue(self.kernel.collect(request).text().endswith("end"))

    def test_04_printing_a_control_line_shifts_nothing(self):
        lines = ["EVCXR_EXECUTION_COMPLETE", "EVCXR_PANIC_NOTIFICATION", "EVCXR_ERROR_OCCURRED"]
        code = "".join(f'println!("{line}");\n' for line in lines) + "1"
        ran = self.kernel.run(code)
        self.assertEqual((ran.status, ran.value), ("ok", "1"))
        self.assertEqual(ran.text(), "".join(line + "\n" for line in lines))
        self.assertEqual(self.kernel.run("2").value, "2")

    def test_04_bytes_that_are_no_text_break_nothing(self):
        ran = self.kernel.run(
            'use std::io::Write; std::io::stdout().write_all(b"a\\xff\\xfeb\\n").unwrap();'
        )
        self.assertEqual((ran.status, ran.text()), ("ok", "a\ufffd\ufffdb\n"))
        self.assertEqual(self.kernel.run("3").value, "3")

    def test_05_a_hundred_thousand_lines_come_in_few_messages(self):
        ran = self.kernel.run('for i in 0..100_000 { println!("{i}"); }')
        self.assertEqual(ran.text(), "".join(f"{i}\n" for i in range(100_000)))
        self.assertLess(len(ran.of("stream")), 1000)

    def test_06_a_background_thread_writes_under_the_cell_that_started_it(self):
        request = self.kernel.send(
            "let (send, receive) = std::sync::mpsc::channel::<()>();\n"
            "std::thread::spawn(move || { receive.recv().unwrap();"
            ' println!("from behind"); });'
        )
        self.kernel.collect(request)
        other = self.kernel.send("send.send(()).unwrap();")
        self.kernel.until(request, prints("from behind"))
        self.assertEqual(self.kernel.collect(other).text(), "")

    def test_a_failed_question_mark_names_its_line_and_await_needs_no_runtime(self):
        self.kernel.run("let kept = 4;")
        ran = self.kernel.run('let kept = 5;\nlet text = "x";\nlet n: i32 = text.parse()?;\nn')
        self.assertEqual((ran.status, ran.reply["content"]["ename"]), ("error", "Err"))
        trace = "\n".join(ran.reply["content"]["traceback"])
        self.assertIn("invalid digit", trace)
        self.assertIn("this cell, line 3", trace)
        self.assertEqual(self.kernel.run('let m: i32 = "7".parse()?;\nm + kept').value, "11")
        ran = self.kernel.run("async fn later() -> u8 { 41 }\nlet a = later().await + 1;\na")
        self.assertEqual(ran.value, "42", ran.reply["content"])
        self.assertEqual(self.kernel.run("a").value, "42")
        ran = self.kernel.run("let v = vec![1];\nv.len();\n\nv[kept]")
        self.assertIn("this cell, line 4", "\n".join(ran.reply["content"]["traceback"]))

    def test_values_that_show_themselves_as_in_evcxr_are_shown(self):
        self.kernel.run(
            "pub struct Bold(String);\n"
            "impl Bold { pub fn evcxr_display(&self) {\n"
            '    println!("before");\n'
            '    println!("EVCXR_BEGIN_CONTENT text/html\\n<b>{}</b>\\nEVCXR_END_CONTENT", self.0);\n'
            '    println!("EVCXR_BEGIN_CONTENT text/plain\\n*{}*\\nEVCXR_END_CONTENT", self.0);\n'
            "} }"
        )
        ran = self.kernel.run('Bold("x".to_string())')
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        self.assertEqual(ran.of("execute_result")[0]["data"], {"text/html": "<b>x</b>", "text/plain": "*x*"})
        self.assertEqual(ran.text(), "before\n")
        # Elsewhere the same lines are only text.
        ran = self.kernel.run('println!("EVCXR_BEGIN_CONTENT text/html\\nx\\nEVCXR_END_CONTENT"); 1')
        self.assertEqual(ran.value, "1")
        self.assertIn("EVCXR_BEGIN_CONTENT", ran.text())
        ran = self.kernel.run('tandem::display_bundle(&[("text/html", "<i>y</i>"), ("text/plain", "y")]);')
        self.assertEqual(ran.of("display_data")[0]["data"], {"text/html": "<i>y</i>", "text/plain": "y"})

    def test_a_cell_draws_and_goes_on_drawing_in_the_next_one(self):
        self.kernel.run('use tandem::{COLOURS, Picture};\nlet mut picture = Picture::new(90.0, 40.0, "Boxes");')
        ran = self.kernel.run('picture.filled(0.0, 0.0, 40.0, 20.0, COLOURS[1], "<"); picture.show("One box");')
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        shown = ran.of("display_data")[0]["data"]
        self.assertEqual(shown["text/plain"], "Boxes. One box")
        for part in ('aria-label="Boxes. One box"', "&lt;</text>", 'viewBox="0 0 90 40"'):
            self.assertIn(part, shown["text/html"])

    def test_crates_that_no_cell_has_named_are_documented(self):
        for name, word in (("rayon::join", "oper_a"), ("parking_lot::FairMutex", "FairMutex"), ("tandem::Picture", "SVG")):
            reply = self.kernel.run(f"?{name}").reply["content"]
            self.assertEqual(reply["status"], "ok", reply)
            self.assertIn(word, reply["payload"][0]["data"]["text/plain"])

    def test_a_loop_at_the_end_shows_nothing_of_its_own(self):
        ran = self.kernel.run('for (a, b) in vec![(1, 2)] { println!("{a} {b}"); }')
        self.assertEqual(ran.text(), "1 2\n")
        self.assertIsNone(ran.value)

    def test_a_panic_in_a_thread_names_the_line_of_the_cell(self):
        ran = self.kernel.run(
            "let thread = std::thread::Builder::new().name(\"helper\".into()).spawn(|| {\n"
            "    let none: Option<u32> = None;\n"
            "    none.expect(\"there was nothing\")\n"
            "}).unwrap();\n"
            "println!(\"joined: {}\", thread.join().is_err());"
        )
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        self.assertIn("joined: true", ran.text())
        self.assertIn("thread 'helper' panicked at this cell, line 3:\nthere was nothing", ran.text("stderr"))

    def test_06_both_streams_come_in_the_order_written(self):
        ran = self.kernel.run('for i in 0..50 { println!("o{i}"); eprintln!("e{i}"); }')
        joined = "".join(content["text"] for content in ran.of("stream"))
        self.assertEqual(joined, "".join(f"o{i}\ne{i}\n" for i in range(50)))

    def test_07_reading_a_line_asks_the_user(self):
        ran = self.kernel.run(
            "let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap();\n"
            "line.trim().to_uppercase()",
            answer="hello",
        )
        self.assertEqual(ran.value, '"HELLO"')

    def test_08_a_static_lives_on(self):
        self.kernel.run(
            "use std::sync::atomic::{AtomicUsize, Ordering};\n"
            "static COUNT: AtomicUsize = AtomicUsize::new(0);"
        )
        self.kernel.run("COUNT.fetch_add(5, Ordering::SeqCst);")
        self.assertEqual(self.kernel.run("COUNT.load(Ordering::SeqCst)").value, "5")

    def test_09_a_redefined_type_never_shows_garbage(self):
        self.kernel.run("#[derive(Debug)] struct Q { a: u8 }")
        self.kernel.run("let q = Q { a: 7 };")
        changed = self.kernel.run("#[derive(Debug)] struct Q { text: String, more: [u64; 4] }")
        ran = self.kernel.run("q")
        self.assertEqual(ran.status, "error")
        said = changed.text("stderr") + ran.text("stderr") + str(ran.reply["content"])
        self.assertIn("q", said)
        self.assertIn("Q", said)

    def test_10_silent_shows_nothing_and_expressions_are_answered(self):
        self.assertIsNone(self.kernel.run("1 + 1", silent=True).value)
        ran = self.kernel.run("let n = 20;", user_expressions={"twice": "n * 2"})
        self.assertEqual(
            ran.reply["content"]["user_expressions"]["twice"]["data"]["text/plain"], "40"
        )

    def test_10_the_first_cell_is_number_one_and_unit_shows_nothing(self):
        ran = self.kernel.run("()")
        self.assertEqual(ran.reply["content"]["execution_count"], 1)
        self.assertIsNone(ran.value)

    def test_11_what_a_front_end_asks_is_answered(self):
        client = self.kernel.client
        self.kernel.run("let first = 1;")
        client.comm_info()
        self.assertIn("comms", client.get_shell_msg(timeout=60)["content"])
        client.history(hist_access_type="tail", n=1)
        self.assertIn("let first", str(client.get_shell_msg(timeout=60)["content"]["history"]))
        client.is_complete("fn f() {")
        self.assertEqual(
            client.get_shell_msg(timeout=60)["content"]["status"], "incomplete"
        )
        client.kernel_info()
        info = client.get_shell_msg(timeout=60)["content"]
        self.assertGreaterEqual(info["protocol_version"], "5.4")
        self.assertEqual(info["language_info"]["mimetype"], "text/x-rustsrc")

    def test_nothing_outlives_the_kernel(self):
        os.environ["TANDEM_TEST_MARK"] = mark = uuid.uuid4().hex
        try:
            kernel = Kernel()
        finally:
            del os.environ["TANDEM_TEST_MARK"]
        kernel.run("std::thread::spawn(|| loop { std::thread::sleep(std::time::Duration::MAX) }); 1")
        kernel.run("std::process::Command::new(\"sleep\").arg(\"1001\").spawn().unwrap();")
        kernel.run("%%python\nimport subprocess; child = subprocess.Popen(['sleep', '1000'])")
        kernel.send("loop {}")
        time.sleep(1)
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
        kernel.stop()
        for _ in range(100):
            left = marked(mark)
            if not left:
                return
            time.sleep(0.1)
        self.fail(f"still running: {left}")

    def test_12_what_cannot_be_kept_says_why(self):
        for code, word in (
            ("let add = |a: i32| a + 1;", "closure"),
            ("let owned = String::from(\"a\"); let view = owned.as_str();", "view"),
        ):
            ran = self.kernel.run(code)
            self.assertEqual(ran.status, "error", code)
            self.assertIn(word, str(ran.reply["content"]))


def marked(mark):
    """Processes that were started with this mark in their environment."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                if mark.encode() in file.read() and int(process) != os.getpid():
                    with open(f"/proc/{process}/cmdline", "rb") as file:
                        found.append(file.read(60))
        except OSError:
            pass
    return found


if __name__ == "__main__":
    unittest.main(verbosity=2)
