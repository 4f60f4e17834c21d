"""Creates the tiny models of this folder, with random weights, and the embeddings that PyTorch computes.

Run it when a model is added. The tests of several crates read its files:

    python3 -m venv VENV && VENV/bin/pip install torch transformers sentence-transformers sentencepiece protobuf
    VENV/bin/python libs/sbert-fixtures/make_fixtures.py [NAME...]

An existing model keeps its weights unless it is named. `expected.json` is always written anew, from the
model's files: the tokens and the embedding of each text by sentence-transformers' own `encode`, in f32.
`strange.json`, for one model of each tokenizer, has the tokens of unusual lines.

Each folder has the layout of `SentenceTransformer.save`, without files that are never read. Together they
cover every architecture, pooling and odd size. Weights are stored in 16 bits where no test depends on
them.
"""

import io
import json
import pathlib
import random
import shutil
import string
import sys

import sentencepiece
import tokenizers
import torch
from sentencepiece import sentencepiece_model_pb2
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, Normalize, Pooling, Transformer
from transformers import (
    AutoModel, AutoTokenizer, BertConfig, BertTokenizerFast, DistilBertConfig, MPNetConfig,
    RobertaConfig, XLMRobertaConfig,
)

HERE = pathlib.Path(__file__).parent / "models"
WORDS = "the phone tripod stand holds steady wireless head ##phone ##ing ##er light film black".split()
CHARACTERS = [
    *string.punctuation,
    *string.digits,
    *string.ascii_lowercase,
    *(f"##{letter}" for letter in string.ascii_lowercase + string.digits),
    *WORDS,
    *"三脚कम",
]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS]
assert len(set(VOCABULARY)) == len(VOCABULARY), "a piece has two numbers"
TEXTS = [
    "",
    "tripod",
    "A tripod holds the phone steady.",
    "Wireless HEADPHONES, black",
    "filming: lights & stands (x2)",
    "Café déjà-vu 三脚架 कैमरा",
    "☃ unknown ☂",
    "the phone stand holds a phone " * 3,
    "steady " * 200,
    "[MASK] 42 ₹1,299.50\n\ttab",
    "  a phone,  two  spaces ",
    "<pad> a phone <pad> <mask> </s> [PAD] <unk>",
    "İstanbul ﬁlm ½ Ⅷ 한국어 ｆｕｌｌ　ｗｉｄｔｈ",
    "\u0085\u00a0\u200b\ufeff",
    "👩‍🚀🏽 e\u0301 \u202ertl\u202c",
]
PLAIN = dict(kind="bert", pooling="mean", dense=None, normalize=True, act="gelu",
             dtype=torch.float16, length=24, lower=False, shards=None, published=False)
MODELS = {
    # Like all-MiniLM-L6-v2, all-MiniLM-L12-v2, bge (heads of 64, the first token) and e5.
    "minilm-l6": dict(hidden=24, layers=6, heads=2, inner=48),
    "minilm-l12": dict(hidden=16, layers=12, heads=2, inner=32),
    "bge": dict(hidden=64, layers=1, heads=1, inner=64, pooling="cls"),
    "e5": dict(hidden=32, layers=2, heads=2, inner=64, dtype=torch.bfloat16),
    # Sizes that do not fill a vector, and the other settings of a folder.
    "max": dict(hidden=20, layers=1, heads=5, inner=37, act="gelu_new", pooling="max", normalize=False),
    "sqrt-dense": dict(hidden=36, layers=1, heads=1, inner=31, act="relu", pooling="mean_sqrt_len_tokens",
                       dense=(10, True, torch.nn.Tanh()), normalize=False),
    "wide-head": dict(hidden=66, layers=1, heads=1, inner=16),
    "concatenated": dict(hidden=18, layers=2, heads=3, inner=33, pooling=("cls", "mean"),
                         dense=(12, False, torch.nn.Identity())),
    "thin": dict(hidden=7, layers=1, heads=7, inner=5, length=600, dtype=torch.float32),
    # The other architectures, each with its tokenizer.
    "distilbert": dict(kind="distilbert", hidden=30, layers=2, heads=3, inner=45),
    "distilbert-all": dict(kind="distilbert", hidden=14, layers=1, heads=2, inner=20, act="relu",
                           pooling=("mean_sqrt_len_tokens", "max", "cls", "mean"), dtype=torch.bfloat16,
                           dense=(11, True, torch.nn.Tanh()), normalize=False),
    "roberta": dict(kind="roberta", hidden=26, layers=2, heads=2, inner=52, length=40),
    "roberta-lower": dict(kind="roberta", hidden=12, layers=1, heads=4, inner=30, lower=True,
                          pooling=("max", "mean"), dtype=torch.bfloat16),
    "xlm-roberta": dict(kind="xlm-roberta", hidden=22, layers=2, heads=1, inner=44, length=40,
                        shards="20KB"),
    # With the tokenizer of published files, which has sentencepiece's own normalization table.
    "xlm-roberta-dense": dict(kind="xlm-roberta", published=True, hidden=16, layers=1, heads=2, inner=24, pooling="cls",
                              dense=(9, True, torch.nn.Identity()), dtype=torch.float32),
    # Like all-mpnet-base-v2; texts of more than 128 tokens reach the farthest bucket.
    "mpnet": dict(kind="mpnet", hidden=40, layers=2, heads=4, inner=80, length=180),
    "mpnet-sqrt": dict(kind="mpnet", hidden=33, layers=1, heads=3, inner=29, pooling="mean_sqrt_len_tokens",
                       normalize=False, act="gelu_new"),
}
CONFIGS = {"bert": BertConfig, "roberta": RobertaConfig, "xlm-roberta": XLMRobertaConfig, "mpnet": MPNetConfig}
CORPUS = [text for text in TEXTS if "steady steady" not in text] + [
    "The phone stand holds a phone steady while filming.", "wireless headphones with black cushions",
    "a light tripod, a heavy tripod, two tripods", "filming lights and stands for phones and cameras",
    "Kamera und Stativ für das Telefon", "trépied léger pour téléphone", "三脚架 手机 支架", "कैमरा और फ़ोन",
]


STRANGE = ("distilbert", "roberta", "roberta-lower", "xlm-roberta", "xlm-roberta-dense", "mpnet")
RANGES = [(0x20, 0x7E), (0x00, 0x1F), (0x80, 0x24F), (0x250, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
          (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x206F), (0x20A0, 0x23FF), (0x2460, 0x27BF), (0x3000, 0x30FF),
          (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFB4F), (0xFE00, 0xFFFD), (0x1D400, 0x1D7FF),
          (0x1F300, 0x1F64F), (0x20000, 0x2A6DF), (0xE0000, 0xE007F)]


def strange_texts():
    """Returns lines of words, special tokens, spaces of all kinds and pieces of every script."""
    draw = random.Random(7)
    parts = [*"".join(CORPUS).split(), "<mask>", "<pad>", "</s>", "<s>", "[SEP]", "[MASK]", " ", "  ", "\t", "\n", "▁",
             "Ġ", "\u3000", "\u200b", "\u00a0", "<mask>phone", "phone<mask>", "'s", "don't", "1234567", "x" * 120]
    for _ in range(120):
        line = ""
        for _ in range(draw.randint(1, 8)):
            if draw.random() < 0.6:
                line += draw.choice(parts)
            else:
                first, last = draw.choice(RANGES)
                line += "".join(chr(draw.randint(first, last)) for _ in range(draw.randint(1, 5)))
            line += draw.choice(["", " ", " ", "  "])
        yield line


def randomize(module):
    """Sets weights large enough that every part affects the result."""
    for name, parameter in module.named_parameters():
        if "LayerNorm.weight" in name or "layer_norm.weight" in name:
            parameter.data.normal_(1.0, 0.3)
        elif "relative_attention_bias" in name:
            parameter.data.normal_(0.0, 1.0)
        elif parameter.dim() == 1:
            parameter.data.normal_(0.0, 0.2)
        else:
            parameter.data.normal_(0.0, 1.5 / parameter.shape[-1] ** 0.5)


def bert_tokenizer(folder):
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY) + "\n")
    BertTokenizerFast(vocab=str(vocabulary), do_lower_case=True).save_pretrained(folder)


def added(*tokens):
    """Returns special tokens like those of published files, where the mask includes the space before it."""
    return [tokenizers.AddedToken(token, lstrip=token == "<mask>", normalized=False, special=True) for token in tokens]


def write(folder, tokenizer, kind):
    """Writes the files of a tokenizer in the form in which the library reads and writes them."""
    tokenizer.save(str(folder / "tokenizer.json"))
    names = dict(bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>",
                 mask_token="<mask>", unk_token="[UNK]" if kind == "MPNetTokenizer" else "<unk>")
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(tokenizer_class=kind, **names)))


def roberta_tokenizer(folder):
    """Creates a byte-level BPE tokenizer."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=330, special_tokens=added("<s>", "<pad>", "</s>", "<unk>"), show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(added("<mask>"))
    tokenizer.post_processor = tokenizers.processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    write(folder, tokenizer, "RobertaTokenizer")


def xlm_roberta_tokenizer(folder):
    """Creates a Unigram tokenizer of words that begin with ▁."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram())
    tokenizer.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Nmt(), tokenizers.normalizers.NFKC(),
        tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), " "),
    ])
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = tokenizers.decoders.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=230, special_tokens=added("<s>", "<pad>", "</s>", "<unk>"), unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(added("<mask>"))
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    write(folder, tokenizer, "XLMRobertaTokenizer")


def published_tokenizer(folder):
    """Creates a Unigram tokenizer trained by sentencepiece, after a small normalization table."""
    rules = {"ﬁ": "fi", "½": "1/2", "Ⅷ": "VIII", "ｆ": "f", "ｕ": "u", "ｌ": "l", "\u3000": " ", "\u00a0": " ",
             "\t": " ", "\n": " ", "\u200b": " ", "e\u0301": "é", "™": "TM", "가": "ga"}
    codes = lambda text: " ".join(f"{ord(character):X}" for character in text)
    (folder / "rules.tsv").write_text("".join(f"{codes(a)}\t{codes(b)}\n" for a, b in rules.items()))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, vocab_size=160, model_type="unigram",
        normalization_rule_tsv=str(folder / "rules.tsv"), hard_vocab_limit=False, minloglevel=2,
    )
    (folder / "rules.tsv").unlink()
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    # The ids of the library: its special tokens first, without the <unk>, <s> and </s> of sentencepiece.
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(piece.piece, piece.score) for piece in proto.pieces[3:]]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=3))
    tokenizer.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap),
        tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), " "),
    ])
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = tokenizers.decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens(added("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    write(folder, tokenizer, "PreTrainedTokenizerFast")


def mpnet_tokenizer(folder):
    """Creates a WordPiece tokenizer with the special tokens of RoBERTa."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *CHARACTERS, "<mask>"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = tokenizers.decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens(added("<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"))
    tokenizer.post_processor = tokenizers.processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    write(folder, tokenizer, "MPNetTokenizer")


def configuration(model, vocabulary):
    sizes = dict(vocab_size=vocabulary, max_position_embeddings=max(32, model["length"]))
    if model["kind"] == "distilbert":
        return DistilBertConfig(dim=model["hidden"], n_layers=model["layers"], n_heads=model["heads"],
                                hidden_dim=model["inner"], activation=model["act"], **sizes)
    if model["kind"] != "bert":
        # Positions start after that of the padding.
        sizes["max_position_embeddings"] += 2
        sizes.update(pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5)
    if model["kind"] in ("roberta", "xlm-roberta"):
        sizes["type_vocab_size"] = 1
    return CONFIGS[model["kind"]](
        hidden_size=model["hidden"], num_hidden_layers=model["layers"], num_attention_heads=model["heads"],
        intermediate_size=model["inner"], hidden_act=model["act"], **sizes,
    )


def transformer(folder, model):
    name = "bert" if model["kind"] == "distilbert" else model["kind"].replace("-", "_")
    name = "published" if model["published"] else name
    globals()[f"{name}_tokenizer"](folder)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())
    sizes = [len(vocabulary["model"]["vocab"]), *(1 + token["id"] for token in vocabulary["added_tokens"])]
    encoder = AutoModel.from_config(configuration(model, max(sizes)))
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    randomize(encoder)
    encoder.to(model["dtype"]).save_pretrained(folder)
    arguments = {} if model["kind"] == "distilbert" else {"add_pooling_layer": False}
    return Transformer(str(folder), max_seq_length=model["length"], do_lower_case=model["lower"],
                       model_kwargs=arguments)


def sentence_model(scratch, model):
    encoder = transformer(scratch, model)
    modes = model["pooling"] if isinstance(model["pooling"], tuple) else (model["pooling"],)
    pooling = Pooling(model["hidden"], pooling_mode=modes if len(modes) > 1 else modes[0])
    modules = [encoder, pooling]
    if model["dense"]:
        outputs, bias, activation = model["dense"]
        inputs = model["hidden"] * len(modes)
        dense = Dense(inputs, outputs, bias=bias, activation_function=activation)
        randomize(dense)
        modules.append(dense)
    if model["normalize"]:
        modules.append(Normalize())
    return SentenceTransformer(modules=modules, device="cpu")


def prune(folder, name):
    """Deletes files that are never read. One folder has no tokenizer.json, like older ones."""
    dispensable = {"README.md", "config_sentence_transformers.json", "special_tokens_map.json"}
    dispensable.add("tokenizer.json" if name == "e5" else "vocab.txt")
    for path in folder.rglob("*"):
        if path.name in dispensable:
            path.unlink()
    if name == "e5":
        (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")


def make(name, model):
    folder, scratch = HERE / name, HERE / f".{name}"
    shutil.rmtree(folder, ignore_errors=True)
    scratch.mkdir(exist_ok=True)
    made = sentence_model(scratch, model)
    made.save(str(folder))
    if model["shards"]:
        (folder / "model.safetensors").unlink()
        made[0].model.save_pretrained(folder, max_shard_size=model["shards"])
    if model["lower"]:
        # Older folders have this setting, which the library reads but does not write.
        path = folder / "sentence_bert_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"do_lower_case": True}, indent=4))
    shutil.rmtree(scratch)
    prune(folder, name)


def expect(name):
    """Writes the expected tokens and embeddings, computed from the files in f32."""
    folder = HERE / name
    saved = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    saved = saved.float().eval()
    lines = []
    for text in TEXTS:
        ids = saved.preprocess([text])["input_ids"][0].tolist()
        vector = [float(f"{number:.8g}") for number in saved.encode([text])[0].tolist()]
        lines.append(json.dumps(dict(text=text, ids=ids, vector=vector), ensure_ascii=False))
    (folder / "expected.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    if name in STRANGE:
        lines = [json.dumps(dict(text=text, ids=saved.preprocess([text])["input_ids"][0].tolist()),
                            ensure_ascii=False) for text in strange_texts()]
        (folder / "strange.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(name, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()), "bytes")


if __name__ == "__main__":
    for name, model in MODELS.items():
        if name in sys.argv[1:] or not (HERE / name / "modules.json").exists():
            torch.manual_seed(list(MODELS).index(name))
            make(name, PLAIN | model)
        expect(name)
