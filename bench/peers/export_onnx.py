"""Writes all-MiniLM-L6-v2 as ONNX files for ONNX Runtime, from its safetensors and without PyTorch.

usage: export_onnx.py MODEL_FOLDER OUT_FOLDER

Writes fp32.onnx and int8.onnx to OUT_FOLDER. int8.onnx uses ONNX Runtime's dynamic quantization of all
MatMul weights with a scale per output channel, as its documentation recommends for BERT.
Inputs: input_ids, attention_mask, token_type_ids (batch, sequence); output: `output`, mean-pooled
and of length 1 (batch, 384).
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

OPSET = 17
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Graph:
    """Builds an ONNX graph node by node."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = {}

    def constant(self, name, value):
        """Returns the name of a value, which is added once."""
        if name not in self.initializers:
            array = np.ascontiguousarray(value)
            self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def integers(self, *values):
        return self.constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def number(self, name, value):
        return self.constant(name, np.array(value, np.float32))

    def op(self, kind, *inputs, **attributes):
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weight(self, name, transpose=False):
        value = self.weights[name]
        return self.constant(name, value.T if transpose else value)

    def linear(self, x, name):
        product = self.op("MatMul", x, self.weight(name + ".weight", transpose=True))
        return self.op("Add", product, self.weight(name + ".bias"))

    def layer_norm(self, x, name, epsilon):
        scale, bias = self.weight(name + ".weight"), self.weight(name + ".bias")
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)


def embeddings(graph, epsilon):
    table = "embeddings.{}_embeddings.weight".format
    shape = graph.op("Shape", "input_ids")
    length = graph.op("Slice", shape, graph.integers(1), graph.integers(2))
    zero = graph.integers(0)
    positions = graph.op("Slice", graph.weight(table("position")), zero, length, zero)
    words = graph.op("Gather", graph.weight(table("word")), "input_ids")
    types = graph.op("Gather", graph.weight(table("token_type")), "token_type_ids")
    x = graph.op("Add", graph.op("Add", words, types), positions)
    return graph.layer_norm(x, "embeddings.LayerNorm", epsilon)


def attention(graph, x, bias, name, heads, hidden):
    split = graph.integers(0, 0, heads, hidden // heads)
    query, key, value = (
        graph.op("Transpose", graph.op("Reshape", graph.linear(x, f"{name}.self.{part}"), split), perm=order)
        for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    )
    scale = graph.number("scale", (hidden // heads) ** -0.5)
    scores = graph.op("Mul", graph.op("MatMul", query, key), scale)
    shares = graph.op("Softmax", graph.op("Add", scores, bias), axis=-1)
    mixed = graph.op("Transpose", graph.op("MatMul", shares, value), perm=[0, 2, 1, 3])
    return graph.linear(graph.op("Reshape", mixed, graph.integers(0, 0, hidden)), name + ".output.dense")


def gelu(graph, x):
    """Adds GELU in the order of operations that PyTorch exports, which ONNX Runtime fuses."""
    inner = graph.op("Erf", graph.op("Div", x, graph.number("root", 2**0.5)))
    inner = graph.op("Mul", x, graph.op("Add", inner, graph.number("one", 1.0)))
    return graph.op("Mul", inner, graph.number("half", 0.5))


def pooled(graph, x, mask):
    """Adds the mean over all tokens except padding, scaled to length 1."""
    tokens = graph.op("Mul", x, graph.op("Unsqueeze", mask, graph.integers(2)))
    axis = graph.integers(1)
    total = graph.op("ReduceSum", tokens, axis, keepdims=0)
    mean = graph.op("Div", total, graph.op("ReduceSum", mask, axis, keepdims=1))
    squares = graph.op("ReduceSum", graph.op("Mul", mean, mean), axis, keepdims=1)
    return graph.op("Div", mean, graph.op("Sqrt", squares))


def build(weights, config):
    graph = Graph(weights)
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]
    x = embeddings(graph, epsilon)
    mask = graph.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    hole = graph.op("Sub", graph.number("one", 1.0), mask)
    bias = graph.op("Mul", hole, graph.number("far", -10_000.0))
    bias = graph.op("Unsqueeze", bias, graph.integers(1, 2))
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        attended = attention(graph, x, bias, name + ".attention", heads, hidden)
        x = graph.layer_norm(graph.op("Add", attended, x), name + ".attention.output.LayerNorm", epsilon)
        inner = gelu(graph, graph.linear(x, name + ".intermediate.dense"))
        outer = graph.linear(inner, name + ".output.dense")
        x = graph.layer_norm(graph.op("Add", outer, x), name + ".output.LayerNorm", epsilon)
    graph.nodes.append(helper.make_node("Identity", [pooled(graph, x, mask)], ["output"]))
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "sequence"]) for n in INPUTS]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", hidden])
    body = helper.make_graph(graph.nodes, "encoder", inputs, [output], list(graph.initializers.values()))
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text())
    model = build(load_file(folder / "model.safetensors"), config)
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(model, out / "fp32.onnx")
    # Written under another name first, so that an existing file is always complete.
    part = out / "int8.part.onnx"
    quantize_dynamic(
        out / "fp32.onnx", part, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"], per_channel=True
    )
    part.rename(out / "int8.onnx")


if __name__ == "__main__":
    main()
