#!/usr/bin/env bash
# transformers >= 5.4 checks the types of config fields strictly: a float must be written with a point.
# It saves "initializer_factor": 1.0 in every T5. JSON has one type of numbers, so whatever reads and
# writes the file with a library that knows no other (JSON.parse and JSON.stringify, many others) makes
# it 1, and the folder loads no more; 4.x takes both. Whoever edits such a file must edit its text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.24.0
"$work/venv/bin/python" - "$work/model" <<'PYTHON'
import json, sys, transformers
folder = sys.argv[1]
path = f"{folder}/config.json"
transformers.T5Config().save_pretrained(folder)
text = open(path).read()
print("transformers", transformers.__version__)
print("saved as:", next(line.strip() for line in text.splitlines() if "initializer_factor" in line))
print("as saved, loads:", transformers.AutoConfig.from_pretrained(folder).initializer_factor)
# what JSON.stringify(JSON.parse(text)) writes: whole numbers without a point
whole = lambda digits: int(float(digits)) if float(digits).is_integer() else float(digits)
open(path, "w").write(json.dumps(json.loads(text, parse_float=whole)))
try:
    transformers.AutoConfig.from_pretrained(folder)
except Exception as error:
    print("written again:", type(error).__name__, " ".join(str(error).split()))
    sys.exit(0 if "expected float, got int" in str(error) else 1)
print("written again, loads as well: no longer as described")
sys.exit(1)
PYTHON
