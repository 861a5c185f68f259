"""`tandem lab` as a reader meets it: JupyterLab in Chromium, the first notebook, Run All, the picture.

Arguments: the program, the folder of the notebooks, a folder for screenshots.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from browser import Browser

PROGRAM, NOTEBOOKS, PICTURES = sys.argv[1:4]
NOTEBOOK = "1_concurrency.ipynb"

#: All code cells: how often each has run, whether it failed, and what it shows.
CELLS = """theNotebook.content.widgets
    .filter(c => c.model.type === 'code' && c.model.sharedModel.source.trim())
    .map(c => ({
        count: c.model.executionCount,
        busy: c.model.executionState ? c.model.executionState !== 'idle' : c.promptNode?.textContent.includes('*'),
        failed: c.model.outputs.toJSON().some(o => o.output_type === 'error'),
        shows: c.model.outputs.toJSON().flatMap(o => Object.keys(o.data || {})),
        source: c.model.sharedModel.source,
    }))"""

RACE = """%%interleave python
import threading
counter = 0
def f():
    global counter
    counter += 1
threads = [threading.Thread(target=f) for _ in range(2)]
for t in threads: t.start()
for t in threads: t.join()
print(counter)
"""


class InTheBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(PICTURES, exist_ok=True)
        cls.folder = tempfile.mkdtemp(prefix="tandem-notebooks-")
        shutil.copytree(NOTEBOOKS, cls.folder, dirs_exist_ok=True)
        cls.clear(os.path.join(cls.folder, NOTEBOOK))
        config = os.path.join(cls.folder, ".config")
        os.makedirs(config)
        with open(os.path.join(config, "jupyter_server_config.json"), "w") as file:
            json.dump({"LabApp": {"expose_app_in_browser": True}}, file)
        shutil.copy(os.path.join(config, "jupyter_server_config.json"), os.path.join(config, "jupyter_lab_config.json"))
        cls.lab = subprocess.Popen(
            [PROGRAM, "lab", cls.folder, "--no-browser"],
            env={**os.environ, "JUPYTER_CONFIG_DIR": config, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        cls.address = cls.find_address(time.monotonic() + 180)
        cls.browser = Browser()

    @staticmethod
    def clear(path):
        """Takes saved outputs away: what the test sees must come from its own run."""
        with open(path) as file:
            notebook = json.load(file)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        with open(path, "w") as file:
            json.dump(notebook, file)

    @classmethod
    def find_address(cls, end):
        seen = []
        for line in cls.lab.stdout:
            seen.append(line)
            found = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab\S*", line)
            if found:
                return found.group(0)
            if time.monotonic() > end:
                break
        raise TimeoutError("JupyterLab gave no address:\n" + "".join(seen))

    @classmethod
    def tearDownClass(cls):
        cls.browser.stop()
        cls.lab.send_signal(signal.SIGINT)
        time.sleep(0.5)
        cls.lab.send_signal(signal.SIGINT)
        try:
            cls.lab.wait(60)
        except subprocess.TimeoutExpired:
            cls.lab.kill()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_the_first_notebook_runs_and_shows_its_pictures(self):
        browser = self.browser
        browser.size(1280, 1000)
        self.open(NOTEBOOK)
        self.assertEqual(browser.ask("theNotebook.sessionContext.session.kernel.name"), "tandem")
        browser.ask("void jupyterapp.commands.execute('notebook:run-all-cells')")
        browser.wait(f"{CELLS}.every(c => c.count > 0 || c.failed) && theNotebook.sessionContext.session.kernel.status === 'idle'", 600)
        cells = browser.ask(CELLS)
        self.assertGreater(len(cells), 10)
        self.assertEqual([c["source"] for c in cells if c["failed"]], [])
        compared = [c for c in cells if c["source"].startswith("%%compare")]
        self.assertTrue(compared)
        for cell in compared:
            self.assertIn("application/vnd.tandem.timeline+json", cell["shows"], cell["source"])
        self.look()

    def test_saved_pictures_of_the_course_are_shown_before_anything_runs(self):
        self.browser.size(1280, 1000)
        self.open("4_mutex.ipynb")
        untrusted = "theNotebook.content.widgets.filter(c => c.model.type === 'code' && !c.model.trusted).length"
        self.assertEqual(self.browser.ask(untrusted), 0)

    def open(self, name):
        browser = self.browser
        browser.call("Page.navigate", url=self.address)
        browser.wait("window.jupyterapp !== undefined && jupyterapp.shell !== undefined")
        browser.ask("jupyterapp.restored.then(() => true)")
        browser.ask(
            f"jupyterapp.commands.execute('docmanager:open', {{path: '{name}'}})"
            ".then(w => { window.theNotebook = w; jupyterapp.shell.activateById(w.id); return true; })"
        )
        browser.wait("theNotebook?.context?.isReady && theNotebook.sessionContext.session?.kernel?.status === 'idle'")

    def test_the_reader_is_the_scheduler(self):
        with open(os.path.join(self.folder, "scheduler.ipynb"), "w") as file:
            cell = {"cell_type": "code", "id": "race", "metadata": {}, "outputs": [], "execution_count": None, "source": RACE}
            spec = {"name": "tandem", "display_name": "Tandem (Rust + Python)", "language": "rust"}
            json.dump({"cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}, file)
        browser = self.browser
        browser.size(1280, 1000)
        self.open("scheduler.ipynb")
        browser.ask("void jupyterapp.commands.execute('notebook:run-all-cells')")
        view = "theNotebook.content.widgets[0].node.querySelector('.tandem-steps .view')"
        browser.wait(f"{view}?.querySelector('button') != null", 120)
        click = "[...%s.querySelectorAll('button')].find(b => b.textContent.startsWith('%s'))?.click()"
        turns = iter(["Thread-1", "Thread-1", "Thread-2", "Thread-2"] * 10)
        while browser.ask(f"{view}.querySelector('.end') === null"):
            browser.ask("void " + click % (view, next(turns)))
        self.assertIn("You broke it", browser.ask(f"{view}.querySelector('.end').textContent"))
        browser.screenshot(os.path.join(PICTURES, "scheduler.png"))
        browser.ask("void " + click % (view, "From the start"))
        while browser.ask(f"{view}.querySelector('.end') === null"):
            browser.ask(f"void {view}.querySelector('button').click()")
        self.assertIn("as without interruption", browser.ask(f"{view}.querySelector('.end').textContent"))

    def look(self):
        """The picture is on the page, whole, with legible text, in both themes and two widths. Where it does
        not fit it can be moved in a box of its own; the prose around it never scrolls sideways."""
        browser = self.browser
        index = browser.ask(
            "theNotebook.content.widgets.findIndex(c => c.model.sharedModel.source.startsWith('%%compare'))"
        )
        for theme in ["Light", "Dark"]:
            browser.ask(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}}).then(() => true)")
            for width in [1280, 800]:
                browser.size(width, 1000)
                browser.ask(
                    f"(async () => {{ const n = theNotebook.content; n.activeCellIndex = {index};"
                    f" await n.scrollToItem({index}, 'start'); return true; }})()"
                )
                picture = f"theNotebook.content.widgets[{index}].node.querySelector('.jp-OutputArea svg')"
                browser.wait(f"{picture} !== null && {picture}.getBoundingClientRect().width > 100", 60)
                box = browser.ask(
                    f"(() => {{ const s = {picture}; const a = s.closest('.jp-OutputArea-output');"
                    " const own = s.parentElement; const text = s.querySelector('text');"
                    " return {svg: s.getBoundingClientRect().right, area: a.getBoundingClientRect().right,"
                    " wide: s.getBoundingClientRect().width, reach: own.scrollWidth, moves: getComputedStyle(own).overflowX,"
                    " box: own.getBoundingClientRect().right, text: text.getBoundingClientRect().height,"
                    " prose: [...document.querySelectorAll('.jp-RenderedMarkdown')].filter(p => p.scrollWidth > p.clientWidth + 1"
                    " && !p.querySelector('table, pre')).length}; })()"
                )
                where = f"at {width} px: {box}"
                if box["svg"] > box["area"] + 1:
                    self.assertEqual(box["moves"], "auto", f"the picture is clipped {where}")
                    self.assertGreaterEqual(box["reach"] + 1, box["wide"], f"the picture is clipped {where}")
                    self.assertLessEqual(box["box"], box["area"] + 1, f"the picture's box is clipped {where}")
                self.assertGreater(box["text"], 9, f"the text of the picture is too small {where}")
                self.assertEqual(box["prose"], 0, f"prose scrolls sideways {where}")
                self.assertTrue(browser.ask(f"({picture}.getAttribute('aria-label') || {picture}.querySelector('title')?.textContent || '').length > 10"))
                browser.screenshot(os.path.join(PICTURES, f"{theme.lower()}-{width}.png"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
