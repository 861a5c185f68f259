"""Jupyter's own protocol suite, over TCP, with no test skipped."""

import unittest

import jupyter_kernel_test


class Suite(jupyter_kernel_test.KernelTests):
    kernel_name = "test_kernel"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = "print hello, world"
    code_stderr = "warn test"
    completion_samples = [
        {"text": "pri", "matches": {"print"}},
        {"text": "print é\npa", "matches": {"page", "panic", "password"}},
    ]
    complete_code_samples = ["print"]
    incomplete_code_samples = ["print ..."]
    invalid_code_samples = ["print !!"]
    code_page_something = "page the manual"
    code_generate_error = "fail on purpose"
    code_execute_result = [
        {"code": "value 1", "result": "1"},
        {"code": "value 2", "result": "2"},
    ]
    code_display_data = [{"code": "display - text", "mime": "text/plain"}]
    code_history_pattern = "value 1*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "print"
    code_clear_output = "clear"


class NothingSkipped(unittest.TextTestResult):
    """A skipped test is a failed one."""

    def addSkip(self, test, reason):
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))


if __name__ == "__main__":
    runner = unittest.TextTestRunner(resultclass=NothingSkipped, verbosity=2)
    unittest.main(testRunner=runner)
