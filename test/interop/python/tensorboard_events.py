"""Prints what TensorBoard's own readers find in a folder, with nothing left out.

tensorboard_events.py FOLDER [again]: with `again` it reads once, says `read` on a line of its own, waits for a
line, and reads on, as TensorBoard does with a run that it shows already.
"""
import json
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util


def everything(module):
    return {kind: 0 for kind in module.DEFAULT_SIZE_GUIDANCE}  # 0 keeps all


def histogram(value):
    return {
        "min": value.min,
        "max": value.max,
        "num": value.num,
        "sum": value.sum,
        "limits": list(value.bucket_limit),
        "counts": list(value.bucket),
    }


def told(folder):
    events = event_accumulator.EventAccumulator(folder, everything(event_accumulator))
    events.Reload()
    tags = events.Tags()
    return {
        "scalars": {
            tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)]
            for tag in tags["scalars"]
        },
        "histograms": {
            tag: [[e.step, histogram(e.histogram_value)] for e in events.Histograms(tag)]
            for tag in tags["histograms"]
        },
        "texts": {
            tag: [[e.step, e.tensor_proto.string_val[0].decode()] for e in events.Tensors(tag)]
            for tag in tags["tensors"]
        },
    }


def told_again(folder):
    """By the reader behind TensorBoard's pages, to which all is tensors."""
    events = plugin_event_accumulator.EventAccumulator(
        folder, everything(plugin_event_accumulator)
    )
    events.Reload()
    print("read", flush=True)
    sys.stdin.readline()
    events.Reload()

    def curve(tag):
        return [
            [e.step, tensor_util.make_ndarray(e.tensor_proto).item(), e.wall_time]
            for e in events.Tensors(tag)
        ]

    def steps(plugin):
        content = events.PluginTagToContent(plugin)
        return {tag: [[e.step] for e in events.Tensors(tag)] for tag in content}

    scalars = {tag: curve(tag) for tag in events.PluginTagToContent("scalars")}
    return {"scalars": scalars, "histograms": steps("histograms"), "texts": steps("text")}


json.dump((told_again if sys.argv[2:] == ["again"] else told)(sys.argv[1]), sys.stdout)
