#!/usr/bin/env python3
"""Runs the clients of other projects against `akin serve-embeddings`.

    tools/embedding_clients.py URL

OpenAI's client, LangChain's OpenAIEmbeddings, boto3's client of SageMaker's runtime and the InferenceClient of
huggingface_hub for text-embeddings-inference embed the same texts, which must have the same embeddings. The exit
code is 1 if any of them fails. Nothing leaves this machine. tools/embedding-clients.sh installs the packages.
"""

import json
import os
import struct
import sys
import time

TEXTS = ["something to keep my phone steady while filming", "desk lamp", "Größe 電話 \U0001f600", "lamp " * 600]
LONG = 3

# Settings of whoever runs the tests have no influence, and no client reports anything to anybody.
for name in list(os.environ):
    if name.split("_")[0] in ("AWS", "OPENAI", "HF", "LANGCHAIN", "LANGSMITH") or name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", LANGSMITH_TRACING="false", DO_NOT_TRACK="1")


def check_openai(url):
    """OpenAI's client, which asks for base64 unless told otherwise."""
    import openai

    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    model = client.models.list().data[0].id
    assert client.models.retrieve(model).id == model
    answer = client.embeddings.create(model=model, input=TEXTS)
    floats = client.embeddings.create(model=model, input=TEXTS, encoding_format="float")
    assert [item.index for item in answer.data] == list(range(len(TEXTS)))
    assert answer.usage.total_tokens == answer.usage.prompt_tokens > len(TEXTS)
    assert close([item.embedding for item in answer.data], [item.embedding for item in floats.data])
    dimension = len(answer.data[0].embedding)
    assert client.embeddings.create(model=model, input=TEXTS[0], dimensions=dimension).data[0].index == 0
    for wrong, parameter in [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": "a", "dimensions": dimension + 1}, "dimensions"),
    ]:
        error = refusal(openai.BadRequestError, lambda: client.embeddings.create(model=model, **wrong))
        assert (error.type, error.param) == ("invalid_request_error", parameter), error
    refusal(openai.NotFoundError, lambda: client.with_options(base_url=f"{url}/v1/no").models.list())
    return [item.embedding for item in answer.data]


def check_langchain(url):
    """LangChain's embeddings, which send token ids unless told otherwise."""
    import openai
    from langchain_openai import OpenAIEmbeddings

    settings = {"model": "any", "base_url": f"{url}/v1", "api_key": "none", "max_retries": 0}
    embeddings = OpenAIEmbeddings(check_embedding_ctx_length=False, **settings)
    documents = embeddings.embed_documents(TEXTS)
    assert close([embeddings.embed_query(TEXTS[0])], [documents[0]])
    # Its token ids are of OpenAI's vocabulary, which it would have to download: these stand for them.
    client = OpenAIEmbeddings(**settings).client
    error = refusal(openai.BadRequestError, lambda: client.create(model="any", input=[[9906, 1917]]))
    assert "check_embedding_ctx_length=False" in str(error), error
    return documents


def check_sagemaker(url):
    """boto3's client of SageMaker's runtime."""
    import boto3

    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    def invoke(body, **arguments):
        answer = client.invoke_endpoint(EndpointName="akin", Body=json.dumps(body), **arguments)
        return json.loads(answer["Body"].read())

    answer = invoke({"texts": TEXTS}, ContentType="application/json")
    assert answer["truncated"] == 1 and answer["dimension"] == len(answer["results"][0]), answer
    # The reference's client sends no content type.
    assert close([invoke({"text": TEXTS[0]})["result"]], [answer["results"][0]])
    assert close(invoke({"inputs": TEXTS[:2]}), answer["results"][:2])
    refusal(client.exceptions.ClientError, lambda: invoke({"nothing": 1}))
    return answer["results"]


def check_tei(url):
    """The client of text-embeddings-inference, and its other routes."""
    import httpx
    from huggingface_hub import InferenceClient
    from huggingface_hub.errors import HfHubHTTPError

    vectors = [InferenceClient(f"{url}{path}").feature_extraction(TEXTS) for path in ("", "/embed", "/invocations")]
    assert all(close(vectors[0].tolist(), other.tolist()) for other in vectors[1:])
    client = InferenceClient(f"{url}/embed")
    one = client.feature_extraction(TEXTS[0], normalize=True, truncate=True)
    assert one.shape == (1, vectors[0].shape[1])
    refusal(HfHubHTTPError, lambda: client.feature_extraction(TEXTS[LONG], truncate=False))
    info = httpx.get(f"{url}/info").json()
    assert (info["dimension"], info["auto_truncate"]) == (one.shape[1], True), info
    tokens = httpx.post(f"{url}/tokenize", json={"inputs": TEXTS[1]}).json()[0]
    assert [token["text"] for token in tokens] == ["[CLS]", "desk", "lamp", "[SEP]"], tokens
    assert httpx.get(f"{url}/health").status_code == 200
    assert "akin_embedding_texts_total" in httpx.get(f"{url}/metrics").text
    for body, status in [({"inputs": []}, 400), ({}, 422), ({"inputs": TEXTS[LONG], "truncate": False}, 413)]:
        assert httpx.post(f"{url}/embed", json=body).status_code == status, body
    return vectors[0].tolist()


def close(vectors, others):
    """Returns whether the vectors are equal as 32-bit floats, to the last bit or two."""
    as_floats = [[struct.unpack("f", struct.pack("f", x))[0] for x in vector] for vector in vectors]
    pairs = [(x, y) for vector, other in zip(as_floats, others, strict=True) for x, y in zip(vector, other, strict=True)]
    return all(abs(x - y) < 1e-6 for x, y in pairs)


def refusal(kind, call):
    """Returns the error of a call that must fail."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def main():
    url = sys.argv[1].rstrip("/")
    results = {}
    for check in (check_openai, check_langchain, check_sagemaker, check_tei):
        start = time.monotonic()
        results[check.__name__] = check(url)
        print(f"{time.monotonic() - start:6.1f} s  {check.__doc__.splitlines()[0]}", flush=True)
    first, *others = results.values()
    assert all(close(first, other) for other in others), "the clients got different embeddings"
    print(f"all {len(results)} clients got the same embeddings of {len(TEXTS)} texts")


if __name__ == "__main__":
    main()
