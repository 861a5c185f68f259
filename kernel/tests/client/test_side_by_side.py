"""Comparisons, timelines, C cells, and what moves between the languages."""

import unittest

from kernel import Kernel

TIMELINE = "application/vnd.tandem.timeline+json"


class SideBySide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def last_picture(self, ran):
        shown = ran.of("display_data") + ran.of("update_display_data")
        return shown[-1]["data"]

    def test_lanes_of_all_languages_share_one_picture(self):
        ran = self.kernel.run(
            '%%compare "All four" --repeat 2\n'
            "%lane python\nfor i in range(200_000): pass\n"
            "%lane rust two threads\n"
            "std::thread::scope(|s| { for _ in 0..2 { s.spawn(|| std::hint::black_box((0..1_000_000u64).sum::<u64>())); } });\n"
            "%lane c\nint main(void) { for (volatile int i = 0; i < 1000000; i++); return 0; }\n"
            "%lane cpp\nint main() { return 0; }\n"
        )
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        data = self.last_picture(ran)
        lanes = data[TIMELINE]["lanes"]
        self.assertEqual([lane["label"] for lane in lanes], ["Python", "two threads", "C", "C++"])
        self.assertTrue(all(len(lane["runs"]) == 2 for lane in lanes))
        self.assertIn("<svg", data["text/html"])
        self.assertIn("All four", data["text/plain"])

    def test_lanes_can_run_at_the_same_time(self):
        ran = self.kernel.run(
            '%%compare "Both" --together --repeat 2\n'
            "%lane python\nimport time\nend = time.thread_time() + 0.15\nwhile time.thread_time() < end: pass\n"
            "%lane rust\nlet t = std::time::Instant::now(); while t.elapsed().as_millis() < 150 {}\n"
        )
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        python, rust = self.last_picture(ran)[TIMELINE]["lanes"]
        for one, other in zip(python["runs"], rust["runs"]):
            self.assertLess(one["start"], other["start"] + other["wall"])
            self.assertLess(other["start"], one["start"] + one["wall"])
        ran = self.kernel.run('%%compare "t" --together\n%lane rust a\n1;\n%lane rust b\n2;\n')
        self.assertIn("a language each", ran.reply["content"]["evalue"])
        ran = self.kernel.run('%%compare "t" --together\n%lane python\n1 / 0\n%lane rust\n2;\n')
        self.assertIn("division by zero", ran.reply["content"]["evalue"])

    def test_who_held_the_interpreter_lock_is_drawn(self):
        ran = self.kernel.run(
            "%%timeline python\nimport threading, time\n"
            "def count():\n    end = time.thread_time() + 0.08\n    while time.thread_time() < end: pass\n"
            "threads = [threading.Thread(target=count) for _ in range(2)]\n"
            "for t in threads: t.start()\nfor t in threads: t.join()"
        )
        data = self.last_picture(ran)
        run = data[TIMELINE]["lanes"][0]["runs"][0]
        if "sampled" in run["lock"]:
            spans = [[s.split("-") for s in t.get("held", "").split()] for t in run["threads"]]
            holders = [own for own in spans if sum(int(b) - int(a) for a, b in own) > 30_000_000]
            self.assertEqual(len(holders), 2, run)
            self.assertIn("holds the interpreter lock", data["text/html"])
        else:
            self.assertIn("3.12", run["lock"]["hidden"])
            self.assertIn("3.12", data["text/html"])

    def test_a_lane_uses_earlier_definitions_and_leaves_none(self):
        self.kernel.run("fn twice(n: u64) -> u64 { n * 2 }")
        self.kernel.run("let seed = 21u64;")
        ran = self.kernel.run(
            '%%compare "t"\n%lane rust\nlet inner = twice(seed); assert_eq!(inner, 42);\n'
        )
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        self.assertEqual(self.kernel.run("inner").status, "error")
        self.assertEqual(self.kernel.run("seed").value, "21")

    def test_a_failing_lane_names_itself(self):
        ran = self.kernel.run('%%compare "t"\n%lane python broken one\n1 / 0\n')
        self.assertEqual(ran.status, "error")
        self.assertIn("broken one", ran.reply["content"]["evalue"])

    def test_what_is_wrong_with_a_comparison_is_said(self):
        for body, word in (("%lane cobol\nx", "cobol"), ("x = 1", "%lane"), ("%lane rust\n", "empty")):
            ran = self.kernel.run('%%compare "t"\n' + body)
            self.assertIn(word, ran.reply["content"]["evalue"])

    def test_a_timeline_keeps_the_variables(self):
        ran = self.kernel.run("%%timeline python\nkept = sum(range(1_000_000))")
        self.assertIn(TIMELINE, self.last_picture(ran))
        self.assertEqual(self.kernel.run("%%python\nkept").value, "499999500000")

    def test_values_move_both_ways(self):
        self.kernel.run("let numbers = vec![1.5, 2.5];\n")
        self.kernel.run("numbers.len();\n%share numbers")
        self.assertEqual(self.kernel.run("%%python\nnumbers").value, "[1.5, 2.5]")
        self.kernel.run("%%python\nwords = ['a', 'b']\n%share words")
        self.assertEqual(self.kernel.run('words.join("-")').value, '"a-b"')
        ran = self.kernel.run("%%python\nthing = object()\n%share thing")
        self.assertEqual(ran.status, "error")
        self.assertIn("object", ran.reply["content"]["evalue"])

    def test_rust_functions_can_be_called_from_python(self):
        self.kernel.run("fn area(w: f64, h: f64) -> f64 { if w < 0.0 { panic!(\"negative\") } w * h }")
        ran = self.kernel.run("%export area")
        self.assertEqual(ran.status, "ok", ran.reply["content"])
        self.assertEqual(self.kernel.run("%%python\narea(2, 3.5)").value, "7.0")
        self.assertEqual(self.kernel.run("%%python\narea(2, 3.5, release_gil=True)").value, "7.0")
        ran = self.kernel.run("%%python\narea(-1, 1)")
        self.assertIn("panicked", ran.reply["content"]["evalue"])

    def test_c_cells_show_output_warnings_and_status(self):
        ran = self.kernel.run('%%c\n\\#include <stdio.h>\nint main(void) { puts("hi"); return 3; }')
        self.assertEqual(ran.text(), "hi\n")
        self.assertIn("was read as", ran.text("stderr"))
        self.assertIn("status 3", ran.reply["content"]["evalue"])
        ran = self.kernel.run("%%cpp\nint main() {\n    return nothing;\n}")
        self.assertIn("cell:3", "\n".join(ran.reply["content"]["traceback"]))

    def test_the_level_of_optimisation_is_visible_and_chosen(self):
        self.assertIn("opt-level 0", self.kernel.run("%opt").text())
        ran = self.kernel.run("let t = std::time::Instant::now();")
        self.assertIn("opt-level 0", ran.text("stderr"))
        ran = self.kernel.run("%%release\nlet t = std::time::Instant::now(); cfg!(debug_assertions)")
        self.assertEqual((ran.text("stderr"), ran.value), ("", "false"))
        self.assertEqual(self.kernel.run("%opt 9").status, "error")

    def test_a_misspelt_magic_is_answered_with_the_right_one(self):
        ran = self.kernel.run("%%pyton\n1")
        self.assertIn("%%python", ran.reply["content"]["evalue"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
