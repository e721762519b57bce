"""Runs pieces of code, given as a JSON list, one after another: what each printed, as a JSON list."""

import contextlib
import io
import json
import sys

import transformers

transformers.logging.set_verbosity_error()
printed = []
for code in json.loads(sys.argv[1]):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(compile(code, "card", "exec"), {"__name__": "__main__"})
    printed.append(text.getvalue())
print(json.dumps(printed))
