"""`%%submit`, `%%interleave` and `%exercise`."""

import unittest

from kernel import Kernel

WRONG = """%%submit lost_update
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
#[derive(Default)]
pub struct Counter { value: AtomicU32 }
impl Counter {
    pub fn add(&self, amount: u32) { let before = self.value.load(SeqCst); self.value.store(before + amount, SeqCst) }
    pub fn value(&self) -> u32 { self.value.load(SeqCst) }
}
"""
RIGHT = WRONG.replace("let before = self.value.load(SeqCst); self.value.store(before + amount, SeqCst)", "self.value.fetch_add(amount, SeqCst);")
PYTHON = """%%interleave python
import threading
counter = 0
def f():
    global counter
    counter += 1
threads = [threading.Thread(target=f) for _ in range(2)]
for t in threads: t.start()
for t in threads: t.join()
print("how_many", counter)
"""
SLOW = """%%submit parallel_sum
pub fn weight(x: u64) -> u64 {
    (0..12).fold(x, |y, _| y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7))
}
pub fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().map(|&x| weight(x)).fold(0, u64::wrapping_add)
}
"""
VERDICT = "application/vnd.tandem.verdict+json"


class CheckerCells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def shown(self, code):
        ran = self.kernel.run(code)
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        return ran.of("display_data")[-1]["data"]

    def test_a_wrong_answer_is_shown_step_by_step_with_the_lines_of_the_cell(self):
        shown = self.shown(WRONG)
        self.assertEqual(shown[VERDICT]["verdict"], "fail")
        self.assertIn("cell.rs:6", shown["text/plain"])
        self.assertIn('<table class="steps">', shown["text/html"])

    def test_a_right_answer_passes_and_the_session_goes_on(self):
        self.kernel.run("let kept = 5;")
        self.assertEqual(self.shown(RIGHT)[VERDICT]["verdict"], "pass")
        self.assertEqual(self.kernel.run("kept").value, "5")

    def test_a_task_is_shown_with_what_to_begin_with(self):
        shown = self.shown("%exercise lost_update")
        self.assertIn("%%submit lost_update", shown["text/markdown"])
        self.assertTrue(shown["text/markdown"].startswith("### "), shown)
        self.assertIn("%%submit lost_update", shown["text/plain"])

    def test_a_cell_is_explored_under_every_interleaving(self):
        shown = self.shown("%%interleave\n#[test] fn t() { std::thread::spawn(|| ()).join().unwrap(); }")
        self.assertTrue(shown[VERDICT]["exhaustive"])
        shown = self.shown("%%interleave\nuse std::fs::File;\nfn main() { File::open(\"x\").ok(); }")
        self.assertEqual(shown[VERDICT]["verdict"], "refused")
        self.assertIn("cell.rs:2", shown["text/plain"])

    def test_a_python_program_is_run_under_every_interleaving_of_its_bytecodes(self):
        shown = self.shown(PYTHON)
        self.assertIn("how_many 1", shown["text/plain"])
        self.assertIn("how_many 2", shown["text/plain"])
        self.assertIn("You are the scheduler", shown["text/html"])
        ran = self.kernel.run("%%interleave python\ndef f(:")
        self.assertEqual(ran.status, "error")
        self.assertIn("SyntaxError", ran.reply["content"]["evalue"])

    def test_speed_is_judged_on_simulated_cores(self):
        shown = self.shown(SLOW)
        self.assertEqual(shown[VERDICT]["verdict"], "fail")
        self.assertEqual(shown[VERDICT]["speed"]["judgement"], "too-slow")
        self.assertIn("<svg", shown["text/html"])

    def test_what_is_not_there_is_named(self):
        ran = self.kernel.run("%%submit lost_updat\nfn f() {}")
        self.assertEqual(ran.status, "error")
        self.assertIn("did you mean lost_update", ran.reply["content"]["evalue"])


if __name__ == "__main__":
    unittest.main()
