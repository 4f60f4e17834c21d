"""Makes the embeddings that ONNX Runtime gives of all-MiniLM-L6-v2: an engine that shares no code.

Run once, when the texts change; the tests read what it wrote:

    python3 -m venv VENV && VENV/bin/pip install onnxruntime onnx safetensors tokenizers numpy
    VENV/bin/python libs/sbert-cpu/tests/golden/make_golden.py ~/.cache/akin/models/all-MiniLM-L6-v2

`texts.json` lists the texts, `embeddings.f32` holds their embeddings: little-endian f32, 384 a text.
The graph is written by hand from the model's definition, in f32, one text at a time, unpadded.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
HIDDEN, HEADS, SIZE, LAYERS, LENGTH = 384, 12, 32, 6, 256

SHORT = [
    "", " ", "a", "tripod", "TRIPOD", "Tripod!", "usb c", "₹617.50", "TN-2110", "4k 55\" tv", "[SEP]", "...",
    "phone holder", "wireless headphones", "red dress", "naïve café", "İstanbul", "straße", "🎧", "☃☂",
]
SCRIPTS = [
    "कैमरा स्टैंड काला", "三脚架 手机 稳定", "ワイヤレス ヘッドホン", "무선 이어폰 충전 케이스", "Беспроводные наушники с микрофоном",
    "ακουστικά χωρίς καλώδιο", "سماعات لاسلكية سوداء", "אוזניות אלחוטיות", "หูฟังไร้สาย", "tai nghe không dây màu đen",
    "écouteurs sans fil à réduction de bruit", "Kopfhörer mit Geräuschunterdrückung", "słuchawki bezprzewodowe",
    "mixed कैमरा camera 三脚 tripod", "e\u0301cole and école", "zero\u200bwidth and soft\u00adhyphen", "tab\tand\nnewline\r\nends",
]
PRODUCTS = [
    "something to keep my phone steady while filming",
    "a gift for somebody who cooks outdoors",
    "Sony Bravia 139 cm (55 inches) 4K Ultra HD Smart LED Google TV KD-55X74K (Black)",
    "Gorilla tripod, flexible legs, with remote shutter, fits phones and small cameras up to 1 kg",
    "boAt Rockerz 450 Bluetooth On Ear Headphones with Mic, upto 15 Hours Playback, 40MM Drivers, Padded Ear Cushions",
    "HDMI cable 2.1, 8K@60Hz, 48 Gbps, 3 m, braided",
    "Toner cartridge TN-2110 for HL-2140, 1,500 pages",
    "Memory card, 128 GB, microSDXC, UHS-I, A2, V30, with adapter",
    "Camera bag, waterproof, for two bodies and four lenses, 20 litres",
    "Ring light 12\", dimmable, 3 colours, with stand and phone clamp",
    "Soundbar with wireless subwoofer, 300 W, Dolby Atmos, HDMI eARC",
    "Vlogging kit: microphone, light, grip and tripod in one box",
]
PHRASE = "A steady tripod holds the phone while you film, with flexible legs that wrap around a branch. "
LONG = [PHRASE * count for count in (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 20, 60)] + ["x" * 120, "word " * 253, "word " * 254, "word " * 900]
TEXTS = SHORT + SCRIPTS + PRODUCTS + LONG


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, array):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def __call__(self, kind, *inputs, **attributes):
        self.count += 1
        name = f"t{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name


def linear(graph, weights, name, x):
    product = graph("MatMul", x, graph.constant(weights[name + ".weight"].T))
    return graph("Add", product, graph.constant(weights[name + ".bias"]))


def norm(graph, weights, name, x):
    gamma, beta = (graph.constant(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-12)


def layer(graph, weights, name, x):
    split = graph.constant(np.array([0, 0, HEADS, SIZE]))
    heads = {}
    for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
        rows = graph("Reshape", linear(graph, weights, f"{name}.attention.self.{part}", x), split)
        heads[part] = graph("Transpose", rows, perm=order)
    scores = graph("MatMul", heads["query"], heads["key"])
    scores = graph("Mul", scores, graph.constant(np.float32(SIZE**-0.5)))
    mixed = graph("MatMul", graph("Softmax", scores, axis=-1), heads["value"])
    joined = graph("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = graph("Reshape", joined, graph.constant(np.array([0, 0, HIDDEN])))
    attended = linear(graph, weights, f"{name}.attention.output.dense", joined)
    x = norm(graph, weights, f"{name}.attention.output.LayerNorm", graph("Add", x, attended))
    inner = linear(graph, weights, f"{name}.intermediate.dense", x)
    half = graph("Mul", inner, graph.constant(np.float32(0.5)))
    error = graph("Erf", graph("Mul", inner, graph.constant(np.float32(0.5**0.5))))
    inner = graph("Mul", half, graph("Add", error, graph.constant(np.float32(1))))
    outer = linear(graph, weights, f"{name}.output.dense", inner)
    return norm(graph, weights, f"{name}.output.LayerNorm", graph("Add", x, outer))


def session(weights):
    graph = Graph()
    words, positions, types = (
        weights[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")
    )
    zero, one, two = (graph.constant(np.array([number])) for number in range(3))
    length = graph("Slice", graph("Shape", "ids"), one, two)
    places = graph("Slice", graph.constant(positions + types[:1]), zero, length, zero)
    x = graph("Add", graph("Gather", graph.constant(words), "ids"), places)
    x = norm(graph, weights, "embeddings.LayerNorm", x)
    for number in range(LAYERS):
        x = layer(graph, weights, f"encoder.layer.{number}", x)
    mean = graph("ReduceMean", x, axes=[1], keepdims=0)
    size = graph("ReduceL2", mean, axes=[1], keepdims=1)
    graph.nodes.append(helper.make_node("Div", [mean, size], ["embedding"]))
    given = [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "length"])]
    wanted = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, HIDDEN])]
    model = helper.make_graph(graph.nodes, "minilm", given, wanted, graph.constants)
    model = helper.make_model(model, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def main(folder):
    run = session(load_file(folder / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LENGTH)
    ids = [np.array([tokenizer.encode(text).ids], np.int64) for text in TEXTS]
    vectors = np.concatenate([run.run(["embedding"], {"ids": one})[0] for one in ids])
    vectors.astype("<f4").tofile(HERE / "embeddings.f32")
    (HERE / "texts.json").write_text(json.dumps(TEXTS, ensure_ascii=False, indent=0) + "\n")
    print(len(TEXTS), "texts,", min(map(np.size, ids)), "to", max(map(np.size, ids)), "tokens")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
