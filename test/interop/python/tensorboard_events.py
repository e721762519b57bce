"""Prints what TensorBoard's own reader finds in a folder, with nothing left out."""
import json
import sys

from tensorboard.backend.event_processing import event_accumulator

# 0 keeps all
everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance=everything)
events.Reload()


def histogram(value):
    return {
        "min": value.min,
        "max": value.max,
        "num": value.num,
        "sum": value.sum,
        "limits": list(value.bucket_limit),
        "counts": list(value.bucket),
    }


tags = events.Tags()
json.dump(
    {
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
    },
    sys.stdout,
)
