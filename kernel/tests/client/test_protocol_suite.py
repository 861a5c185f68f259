"""The protocol suite that Jupyter's own kernels are held to, for Rust and for Python cells."""

import os
import unittest

import jupyter_kernel_test as suite

NAME = os.environ.get("TANDEM_TEST_KERNEL", "tandem")


class Patient:
    """On a busy machine a message takes longer than the tenth of a second that the suite waits."""

    def execute_helper(self, *arguments, **options):
        channel = self.kc.iopub_channel
        get = channel.get_msg
        channel.get_msg = lambda timeout=None, **others: get(timeout=60, **others)
        try:
            return super().execute_helper(*arguments, **options)
        finally:
            del channel.get_msg


class RustCells(Patient, suite.KernelTests):
    kernel_name = NAME
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("test");'
    completion_samples = [{"text": "String::from_utf8_l", "matches": {"from_utf8_lossy(v)"}}]
    complete_code_samples = ["1", "fn f() {}", 'println!("a");']
    incomplete_code_samples = ["fn f() {", "let x = (1,"]
    invalid_code_samples = ["fn f() }", "let x = )"]
    code_page_something = "?String"
    code_generate_error = 'panic!("on purpose")'
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": 'vec!["a"]', "result": '["a"]'},
    ]
    code_display_data = [
        {"code": 'tandem::display("text/html", "<b>bold</b>");', "mime": "text/html"},
        {"code": 'tandem::display("image/svg+xml", "<svg/>");', "mime": "image/svg+xml"},
    ]
    code_history_pattern = "1 ? 2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "String"
    code_clear_output = "tandem::clear_output(false);"


class PythonCells(Patient, suite.KernelTests):
    kernel_name = NAME
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = "%%python\nprint('hello, world')"
    code_stderr = "%%python\nimport sys; print('test', file=sys.stderr)"
    completion_samples = [{"text": "%%python\nisinst", "matches": {"isinstance"}}]
    complete_code_samples = ["%%python\n1", "%%python\nprint('a')"]
    incomplete_code_samples = ["%%python\nprint('''hello", "%%python\ndef f():"]
    invalid_code_samples = ["%%python\nimport = 7q"]
    code_page_something = "%%python\nzip?"
    code_generate_error = "%%python\nraise ValueError('on purpose')"
    code_execute_result = [
        {"code": "%%python\n1 + 2 + 3", "result": "6"},
        {"code": "%%python\n['a']", "result": "['a']"},
    ]
    code_display_data = [
        {
            "code": "%%python\nclass H:\n    def _repr_html_(self): return '<b>bold</b>'\n"
            "display(H())",
            "mime": "text/html",
        }
    ]
    code_history_pattern = "%%python*1 ? 2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "%%python\nzip"
    code_clear_output = "%%python\nclear_output()"


if __name__ == "__main__":
    unittest.main(verbosity=2)
