"""What an adapter's folder says of a response, by the loader of TRL 0.8.0 where it is installed.

value_head.py FOLDER   the base model is where adapter_config.json says; prints values, and whose they are
"""
import json
import sys

import torch
from peft import PeftConfig, PeftModel
from transformers import T5ForConditionalGeneration

QUERY, INPUTS = [3, 5, 7, 11, 1], [0, 4, 6, 2]
folder = sys.argv[1]
ids = dict(
    input_ids=torch.tensor([QUERY]), attention_mask=torch.ones(1, len(QUERY), dtype=torch.long),
    decoder_input_ids=torch.tensor([INPUTS]),
)
state = torch.load(f"{folder}/pytorch_model.bin", weights_only=True)
try:
    import trl
except ImportError:
    # what AutoModelForSeq2SeqLMWithValueHead does
    loader = "torch"
    base = T5ForConditionalGeneration.from_pretrained(PeftConfig.from_pretrained(folder).base_model_name_or_path)
    model = PeftModel.from_pretrained(base, folder).eval()
    head = torch.nn.Linear(base.config.d_model, 1)
    head.load_state_dict({name.removeprefix("v_head.summary."): w for name, w in state.items()})
    with torch.no_grad():
        hidden = model(**ids, output_hidden_states=True).decoder_hidden_states[-1]
        values = head(hidden).squeeze(-1)
else:
    loader = f"trl {trl.__version__}"
    model = trl.AutoModelForSeq2SeqLMWithValueHead.from_pretrained(folder).eval()
    with torch.no_grad():
        values = model(**ids)[2]
print(json.dumps({"loader": loader, "names": sorted(state), "values": values[0].tolist()}))
