#!/usr/bin/env python3
"""Serves the AWS provider's schema to Terraform, and nothing else: enough to validate and to test with mocks.

    stub_provider.py SCHEMA SOCKET

SCHEMA is a JSON file `{"resource": {NAME: schema}, "data": {NAME: schema}}`, with schemas as schema.py reads them.
Terraform finds the provider by TF_REATTACH_PROVIDERS. It ends when its standard input is closed.
"""

import json
import sys
from concurrent import futures

import grpc
from tf.gen import grpc_controller_pb2 as control
from tf.gen import grpc_controller_pb2_grpc as control_rpc
from tf.gen import tfplugin_pb2 as plugin
from tf.gen import tfplugin_pb2_grpc as plugin_rpc

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}


def attribute(entry):
    required, read_only = entry.get("required", False), entry.get("read_only", False)
    return plugin.Schema.Attribute(
        name=entry["name"],
        type=json.dumps(entry["type"]).encode(),
        required=required,
        optional=not required and not read_only,
        computed=not required and entry.get("computed", False),
    )


def nested(entry):
    nesting = NESTING[entry["nesting"]]
    is_list = nesting in (NESTING["list"], NESTING["set"])
    return plugin.Schema.NestedBlock(
        type_name=entry["name"],
        nesting=nesting,
        block=block(entry["schema"]),
        min_items=int(is_list and entry["required"]),
    )


def block(schema):
    return plugin.Schema.Block(
        version=1,
        attributes=[attribute(entry) for entry in schema["attributes"]],
        block_types=[nested(entry) for entry in schema["blocks"]],
    )


def schemas(entries):
    return {name: plugin.Schema(version=1, block=block(schema)) for name, schema in entries.items()}


# What akin's configurations set of the provider itself.
TAGS = {"attributes": [{"name": "tags", "type": ["map", "string"]}], "blocks": []}
PROVIDER = {
    "attributes": [
        {"name": "region", "type": "string"},
        {"name": "allowed_account_ids", "type": ["set", "string"]},
    ],
    "blocks": [{"name": "default_tags", "nesting": "list", "required": False, "schema": TAGS}],
}


class Provider(plugin_rpc.ProviderServicer):
    def __init__(self, schema):
        self.schema = schema

    def GetMetadata(self, request, context):
        answer, names = plugin.GetMetadata, self.schema
        return answer.Response(
            server_capabilities=plugin.ServerCapabilities(),
            resources=[answer.ResourceMetadata(type_name=name) for name in names["resource"]],
            data_sources=[answer.DataSourceMetadata(type_name=name) for name in names["data"]],
        )

    def GetProviderSchema(self, request, context):
        return plugin.GetProviderSchema.Response(
            provider=plugin.Schema(version=1, block=block(PROVIDER)),
            resource_schemas=schemas(self.schema["resource"]),
            data_source_schemas=schemas(self.schema["data"]),
        )

    def ValidateProviderConfig(self, request, context):
        return plugin.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, context):
        return plugin.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request, context):
        return plugin.ValidateDataResourceConfig.Response()

    def StopProvider(self, request, context):
        return plugin.StopProvider.Response()


class Controller(control_rpc.GRPCControllerServicer):
    def Shutdown(self, request, context):
        # Terraform asks after each command; the next one needs the provider too.
        return control.Empty()


def main():
    path, socket = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    server = grpc.server(futures.ThreadPoolExecutor(4))
    plugin_rpc.add_ProviderServicer_to_server(Provider(schema), server)
    control_rpc.add_GRPCControllerServicer_to_server(Controller(), server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
