"""Says what independent readers make of exported models: onnx's checker and ONNX Runtime.

usage: onnx_runtime.py JOB.json

JOB.json: [{"model": PATH, "tokenizer": PATH, "texts": [..]}]; on standard output comes, for each model,
what was found: what it says of itself, if it is sound, and the embeddings of the texts, each alone and
all in one padded batch. Whether that is right is for the caller to say.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx.external_data_helper import uses_external_data
from tokenizers import Tokenizer


def embed(session, encodings):
    """The way a client of any exporter calls a model: by the names of the session's own inputs."""
    given = {
        "input_ids": [encoding.ids for encoding in encodings],
        "attention_mask": [encoding.attention_mask for encoding in encodings],
        "token_type_ids": [encoding.type_ids for encoding in encodings],
    }
    inputs = {one.name: np.array(given[one.name], np.int64) for one in session.get_inputs()}
    return session.run(["output"], inputs)[0]


def described(path):
    """What the file says, after the checker found nothing wrong with it."""
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path, load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
    graph = model.graph
    return {
        "ir_version": model.ir_version,
        "opsets": {one.domain: one.version for one in model.opset_import},
        "producer": model.producer_name,
        "metadata": {one.key: one.value for one in model.metadata_props},
        "inputs": [one.name for one in graph.input],
        "outputs": [one.name for one in graph.output],
        "operators": [node.op_type for node in graph.node],
        "domains": sorted({node.domain for node in graph.node}),
        "external": sum(uses_external_data(one) for one in graph.initializer),
        "dimension": inferred.graph.output[0].type.tensor_type.shape.dim[1].dim_value,
        "bytes": len(model.SerializeToString()),
        "unused": sorted({one.name for one in graph.initializer} - {name for node in graph.node for name in node.input}),
    }


def examined(model, tokenizer, texts):
    found = described(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(tokenizer)
    alone = [embed(session, [tokenizer.encode(text)])[0].tolist() for text in texts]
    encodings = tokenizer.encode_batch(texts)
    found["alone"] = alone
    found["lengths"] = [sum(encoding.attention_mask) for encoding in encodings]
    found["together"] = embed(session, encodings).tolist()
    return found


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    found = [examined(**one) for one in job]
    newest = onnx.defs.onnx_opset_version()
    json.dump({"newest_opset": newest, "models": found}, sys.stdout)


if __name__ == "__main__":
    main()
