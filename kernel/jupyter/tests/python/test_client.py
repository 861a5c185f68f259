"""What jupyter_client, and so every Jupyter program, does with a kernel's life."""

import tempfile
import threading
import unittest

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

#: Seconds after which something that must come is taken not to come.
PATIENCE = 60


class Life(unittest.TestCase):
    transport = "tcp"

    def setUp(self):
        self.manager = KernelManager(kernel_name="test_kernel", transport=self.transport)
        self.log = tempfile.TemporaryFile()
        self.addCleanup(self.log.close)
        self.manager.start_kernel(stderr=self.log)
        self.client = self.connect()

    def connect(self):
        # With a session of its own, as another program has.
        client = BlockingKernelClient(connection_file=self.manager.connection_file)
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        return client

    def tearDown(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run_cell(self, code, client=None, **options):
        """The reply and all text on standard output."""
        text = []

        def collect(message):
            if message["msg_type"] == "stream":
                text.append(message["content"]["text"])

        client = client or self.client
        reply = client.execute_interactive(
            code, timeout=PATIENCE, output_hook=collect, **options
        )
        return reply["content"], "".join(text)

    def test_the_heartbeat_beats(self):
        self.client.hb_channel.unpause()
        beating = threading.Event()
        # The channel calls this only when a beat does not come back.
        self.client.hb_channel.call_handlers = lambda since: beating.set()
        for _ in range(3):
            self.assertFalse(beating.wait(self.client.hb_channel.time_to_dead))
            self.assertTrue(self.client.is_alive())

    def test_an_interrupt_by_message_ends_the_cell_only(self):
        waiting = threading.Event()

        def interrupt():
            waiting.wait(PATIENCE)
            self.manager.interrupt_kernel()

        thread = threading.Thread(target=interrupt)
        thread.start()
        content = self.client.execute_interactive(
            "wait",
            timeout=PATIENCE,
            output_hook=lambda m: waiting.set() if m["msg_type"] == "stream" else None,
        )["content"]
        thread.join()
        self.assertEqual(content["ename"], "KeyboardInterrupt")
        self.assertEqual(self.run_cell("print on")[1], "on\n")

    def test_a_restart_begins_anew_on_the_same_connection(self):
        self.run_cell("print before")
        self.manager.restart_kernel(now=False)
        self.client.wait_for_ready(timeout=PATIENCE)
        content, text = self.run_cell("print after")
        self.assertEqual((content["execution_count"], text), (1, "after\n"))

    def test_a_shutdown_ends_the_process_without_force(self):
        process = self.manager.provisioner.process
        self.manager.request_shutdown()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.log.seek(0)
        # Nothing else: above all, no client had to be left behind.
        self.assertEqual(self.log.read(), b"the language was dropped\n")

    def test_input_is_asked_for(self):
        def answer(message):
            self.assertEqual(message["content"]["prompt"], "name?")
            self.client.input("Grace")

        _, text = self.run_cell("ask name?", allow_stdin=True, stdin_hook=answer)
        self.assertEqual(text, "got Grace\n")

    def test_two_clients_share_a_kernel(self):
        other = self.connect()
        try:
            self.assertEqual(self.run_cell("print one")[0]["execution_count"], 1)
            content, text = self.run_cell("print two", client=other)
            self.assertEqual((content["execution_count"], text), (2, "two\n"))
        finally:
            other.stop_channels()
        # That one has gone is nothing to the other.
        self.assertEqual(self.run_cell("print three")[1], "three\n")


class LifeOverFiles(Life):
    transport = "ipc"


if __name__ == "__main__":
    unittest.main(verbosity=2)
