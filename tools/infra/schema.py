"""Reads the schema of Terraform's AWS provider from the npm package @cdktf/provider-aws.

The package contains a class for each resource, generated from the provider's schema. A schema here is
`{"attributes": [...], "blocks": [...]}`: an attribute has a name and a type as Terraform writes types in JSON,
a block has a name, a nesting and a schema. Attributes that the package types no further are `dynamic`.
"""

import re

PRIMITIVES = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "any": "dynamic",
    "anyList": "dynamic",
    "stringList": ["list", "string"],
    "numberList": ["list", "number"],
    "booleanList": ["list", "bool"],
    "stringMap": ["map", "string"],
    "numberMap": ["map", "number"],
    "booleanMap": ["map", "bool"],
    "anyMap": ["map", "string"],
}
COMPUTED = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "ListOfStrings": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "string"],
}
NESTING = {"struct": "single", "list": "list", "set": "set", "map": "map"}
ENTRY = re.compile(
    r"(?P<name>\w+): \{\s*value: (?P<value>.*?),\s*isBlock: (?P<block>true|false),\s*"
    r'type: "(?P<kind>\w+)",\s*storageClassType: "(?P<storage>\w+)",?\s*\}',
    re.S,
)
DOCUMENTED = re.compile(
    r"\{@link \S+?#(?P<name>\w+) [^}]*\}(?:(?!readonly).)*?readonly \w+(?P<optional>\??):", re.S
)
GETTER = re.compile(r"this\.get(\w*?)Attribute\('(\w+)'\)")
REFERENCE = re.compile(r'new (?:cdktf\.)?(\w+)\(this, "(\w+)"')


class MissingResource(Exception):
    """The package knows no such resource or data source."""


def braces(text, start):
    """Returns the text from the brace at or after `start` to the one that closes it."""
    start = text.index("{", start)
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start : position + 1]
    raise ValueError("a brace is not closed")


class Source:
    """The JavaScript and the declarations of one resource."""

    def __init__(self, folder):
        self.script = "".join(path.read_text() for path in sorted(folder.glob("*.js")))
        self.declarations = "".join(path.read_text() for path in sorted(folder.glob("*.d.ts")))

    def required(self, interface):
        """Returns the names of the attributes that must be set."""
        found = re.search(rf"export interface {interface}\b", self.declarations)
        if not found:
            return set()
        body = braces(self.declarations, found.end())
        entries = DOCUMENTED.finditer(body)
        return {entry["name"] for entry in entries if not entry["optional"]}

    def schema(self, body, interface):
        """Returns the schema of the attributes listed in `body`."""
        required = self.required(interface)
        schema = {"attributes": [], "blocks": []}
        for entry in ENTRY.finditer(body):
            name = entry["name"]
            nested = self.nested(entry["value"])
            if entry["storage"] not in PRIMITIVES and nested and entry["block"] == "true":
                schema["blocks"].append(self.block(entry, nested, name in required))
                continue
            kind = PRIMITIVES.get(entry["storage"], "dynamic")
            if entry["kind"] == "set" and isinstance(kind, list):
                kind = ["set", kind[1]]
            schema["attributes"].append({"name": name, "type": kind, "required": name in required})
        return schema

    def nested(self, value):
        """Returns the name of the function that writes a nested value, or `None`."""
        names = re.findall(r"(\w+)ToHclTerraform", value)
        found = (name for name in names if f"function {name}ToHclTerraform(" in self.script)
        return next(found, None)

    def block(self, entry, nested, is_required):
        function = self.script.index(f"function {nested}ToHclTerraform(")
        body = braces(self.script, self.script.index(")", function))
        body = braces(body, body.index("const attrs ="))
        return {
            "name": entry["name"],
            "nesting": NESTING.get(entry["kind"], "list"),
            "required": is_required,
            "schema": self.schema(body, nested[0].upper() + nested[1:]),
        }

    def add_computed(self, schema, getters):
        """Adds what the provider computes. The package does not tell which optional attributes it computes unless
        they are set: all of them count as such, so mocks give them a value."""
        attributes = {attribute["name"]: attribute for attribute in schema["attributes"]}
        known = set(attributes) | {block["name"] for block in schema["blocks"]}
        found = GETTER.findall(getters) + REFERENCE.findall(getters)
        computed = [(name, COMPUTED.get(kind, "dynamic")) for kind, name in found]
        for name, kind in computed:
            if name in attributes and not attributes[name]["required"]:
                attributes[name]["computed"] = True
            elif name not in known:
                known.add(name)
                schema["attributes"].append({"name": name, "type": kind, "computed": True, "read_only": True})


def read(package, name, is_data):
    """Returns the schema of the resource or data source `name`, such as `aws_sqs_queue`."""
    folder = name.removeprefix("aws_").replace("_", "-")
    folder = package / "lib" / (f"data-aws-{folder}" if is_data else folder)
    if not (folder / "index.js").exists():
        raise MissingResource(f"the AWS provider has no {'data source' if is_data else 'resource'} {name}")
    source = Source(folder)
    found = re.search(r"class (\w+) extends cdktf\.Terraform(Resource|DataSource)", source.script)
    body = braces(source.script, found.end())
    at = body.index("synthesizeHclAttributes()")
    schema = source.schema(braces(body, at), found[1] + "Config")
    source.add_computed(schema, body[:at])
    return schema


def provider_version(package):
    """Returns the version of the provider that the package was generated from."""
    text = (package / "lib" / "sqs-queue" / "index.js").read_text()
    return re.search(r"providerVersion: '([^']+)'", text)[1]
