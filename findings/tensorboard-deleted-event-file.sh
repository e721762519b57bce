#!/usr/bin/env bash
# A run that goes back (to a checkpoint, or begun anew in its folder) replaces its event file by a new one.
# A TensorBoard reader that is open meanwhile never comes to the new file when the old one was deleted: it
# logs nothing that ends it, keeps what it knew, and says so at every reload. When the old file is emptied
# instead of deleted the same reader goes on to the new one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet tensorboard==2.21.0 'setuptools<81'
cat > reload.py <<'PY'
import os, sys, tempfile, time
from importlib.metadata import version
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

def write(folder, steps, reward):
    writer = EventFileWriter(folder)
    for step in steps:
        value = Summary.Value(tag='reward', simple_value=reward)
        writer.add_event(Event(step=step, wall_time=time.time(), summary=Summary(value=[value])))
    writer.close()
    return os.path.join(folder, max(os.listdir(folder)))

def rewards(reader):
    reader.Reload()
    return [(scalar.step, scalar.value) for scalar in reader.Scalars('reward')]

def known(end_of_old):
    folder = tempfile.mkdtemp(dir='.')
    old = write(folder, [1, 2, 3], 1)
    reader = EventAccumulator(folder)
    rewards(reader)
    end_of_old(old)
    time.sleep(1.1)  # the name of a file has the second
    write(folder, [2, 3, 4], 2)
    for _ in range(3):
        seen = rewards(reader)
    return seen, rewards(EventAccumulator(folder))

print('tensorboard', version('tensorboard'))
new = [(2, 2.0), (3, 2.0), (4, 2.0)]
deleted, fresh = known(os.remove)
print('old file deleted, after three reloads:', deleted)
print('a reader that is opened then:', fresh)
emptied, _ = known(lambda old: os.truncate(old, 0))
print('old file emptied, after three reloads:', emptied)
sys.exit(0 if deleted == [(1, 1.0), (2, 1.0), (3, 1.0)] and fresh == new and emptied[-1] == (4, 2.0) else 1)
PY
venv/bin/python reload.py
