#!/usr/bin/env python3
"""Checks the Terraform of infra/ without an account and without a network: format, references, types, tests.

    tools/infra/check.py [FILTER]

Every configuration is validated against the real provider's schema, and the tests of infra/tests run with a mocked
provider. FILTER is a file of infra/tests to run alone. Needs terraform; everything else is in .cache/infra
(tools/infra.sh installs it).
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import schema

TREE = pathlib.Path(__file__).resolve().parents[2]
INFRA = TREE / "infra"
PACKAGE = TREE / ".cache" / "infra" / "package"
BLOCK = re.compile(r'^(resource|data) "(aws_\w+)" "', re.M)
PROVIDER = "registry.terraform.io/hashicorp/aws"
CONFIGURATIONS = [".", "examples/small", "examples/large", "bootstrap"]
INSTALL = """terraform is missing. It is not downloaded by itself, because HashiCorp signs its archives:
  install 1.11 or later from https://developer.hashicorp.com/terraform/install, and try again"""


def check_openings():
    """Ends this program if a rule that lets connections in names the whole internet."""
    rule = re.compile(r'^resource "aws_vpc_security_group_ingress_rule" "\w+" \{.*?^\}', re.M | re.S)
    for path in sorted(INFRA.rglob("*.tf")):
        text = path.read_text(encoding="utf-8")
        for opening in [*rule.findall(text), *re.findall(r"^\s*ingress \{.*?\}", text, re.M | re.S)]:
            if re.search(r"cidr_|prefix_list", opening):
                sys.exit(f"{path.relative_to(TREE)} lets addresses in; name a security group instead:\n{opening}")


def used_schema():
    """Returns the schema of every resource and data source that infra/ uses."""
    found = {"resource": {}, "data": {}}
    for path in sorted(INFRA.rglob("*.tf")):
        for kind, name in BLOCK.findall(path.read_text(encoding="utf-8")):
            if name not in found[kind]:
                try:
                    found[kind][name] = schema.read(PACKAGE, name, kind == "data")
                except schema.MissingResource as error:
                    sys.exit(f"{path.relative_to(TREE)}: {error}")
    return found


@contextlib.contextmanager
def provider(folder):
    """Runs the stub, and yields the variable by which Terraform finds it."""
    file, socket = folder / "schema.json", folder / "provider"
    file.write_text(json.dumps(used_schema()), encoding="utf-8")
    command = [sys.executable, pathlib.Path(__file__).with_name("stub_provider.py"), file, socket]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout.readline() != b"ready\n":
                sys.exit("the stub of the provider did not start")
            address = {"Network": "unix", "String": str(socket)}
            stub = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": process.pid, "Test": True, "Addr": address}
            yield json.dumps({PROVIDER: stub})
        finally:
            process.stdin.close()


def run(arguments, folder, environment):
    """Runs terraform in a folder of infra/, and ends this program if it fails."""
    print("terraform", *arguments, f"({folder})" if folder != "." else "", flush=True)
    result = subprocess.run(
        ["terraform", *arguments], cwd=INFRA / folder, env=environment, text=True, capture_output=True, check=False
    )
    if result.returncode or arguments[0] == "test":
        print(result.stdout + result.stderr, end="", flush=True)
    if result.returncode:
        sys.exit(f"terraform {arguments[0]} failed in infra/{folder}")


def check(work, tests):
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": "/dev/null", "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    run(["fmt", "-check", "-diff", "-recursive"], ".", environment)
    with provider(work) as reattach:
        environment["TF_REATTACH_PROVIDERS"] = reattach
        for folder in CONFIGURATIONS:
            if (INFRA / folder / "main.tf").exists() or folder == ".":
                environment["TF_DATA_DIR"] = str(work / folder.replace("/", "-"))
                run(["init", "-backend=false", "-input=false"], folder, environment)
                run(["validate", "-no-color"], folder, environment)
        environment["TF_DATA_DIR"] = str(work / ".")
        run(["init", "-backend=false", "-input=false"], ".", environment)
        run(["test", "-no-color", *(f"-filter={test}" for test in tests)], ".", environment)


def main():
    if not shutil.which("terraform"):
        sys.exit(INSTALL)
    check_openings()
    print(f"against the schema of hashicorp/aws {schema.provider_version(PACKAGE)}", flush=True)
    with tempfile.TemporaryDirectory() as work:
        check(pathlib.Path(work), sys.argv[1:])


if __name__ == "__main__":
    main()
