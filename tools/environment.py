#!/usr/bin/env python3
"""Compares the environment variables that akin's programs read with those that deployments set.

    tools/environment.py FOLDER           checks docs/settings.md and infra/tests/environment.json against the
                                          programs in FOLDER, and the deployments as below
    tools/environment.py --write FOLDER   writes both
    tools/environment.py --deployments    checks compose.yaml, the images and the units against environment.json

Each program tells by its help what it reads. `terraform test` compares environment.json with what Terraform sets.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[1]
LIST = TREE / "infra" / "tests" / "environment.json"
TABLE = TREE / "docs" / "settings.md"
FUNCTIONS = ["ingest", "embed", "query"]
# Commands that deployments start, and that are listed by themselves. `akin` is all commands together.
ROLES = ["serve", "serve-embeddings", "worker"]
# The command whose help shows the settings of servers, to which the help of the others points.
REFERENCE = ["migrate"]
POINTER = "akin migrate --help"
SERVERS = ("Postgres:", "OpenSearch:")

# What help hides, and what is read without a flag.
SECRETS = {
    "POSTGRES_SECRETS_MANAGER_NAME": "The secret in AWS Secrets Manager with the keys `host`, `port`, `username` and "
    "`password` of Postgres, and `readerHost` and `readerPort` of a replica",
    "OPENSEARCH_SECRETS_MANAGER_NAME": "The secret with the keys `endpoint`, `username` and `password` of OpenSearch",
}
EVERYWHERE = {
    "AKIN_CPU": "The instruction set, to compare them: `portable`, `avx2` or `avx512`",
    "AWS_REGION": "The region; AWS Lambda and ECS set it. The other variables of AWS's SDKs are honored too",
    "AWS_ENDPOINT_URL": "Another address of AWS's services, as of an emulator",
    "HTTPS_PROXY": "The proxy of requests to AWS; `NO_PROXY` names the hosts that need none",
    "XDG_CACHE_HOME": "The folder of caches, in which models are looked for",
    "XDG_DATA_HOME": "The folder of data, in which the embedded store is",
}
CONTAINER = {"SAGEMAKER_BIND_TO_PORT": "The port of a SageMaker container; SageMaker sets it"}
FLAG = re.compile(r"^ {2,6}(?:-\w, )?--[\w-]+|^ {2,6}\[?<?[A-Z]+[>\]]?")


def help_of(program, arguments=()):
    """Returns the long help of a program, with no variable set that would change it."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = [program, *arguments, "--help"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return result.stdout


def settings(text, headings=None):
    """Returns the variables in a help text with the blocks of lines that explain them, of all `headings` or of some."""
    found, block, heading = {}, [], ""
    # A last line ends the last block.
    for line in [*text.splitlines(), "End:"]:
        is_heading = re.match(r"^[A-Z][\w ]*:$", line)
        if is_heading or FLAG.match(line):
            # Lines are wrapped anywhere.
            name = re.search(r"\[env: ([A-Z0-9_]+)", " ".join(part.strip() for part in block))
            if name and (headings is None or heading in headings):
                found[name[1]] = block
            block = []
        if is_heading:
            heading = line
        block.append(line)
    return found


def described(block):
    """Returns the meaning and the default of a setting."""
    # The first line has the flag, and in short help the beginning of its meaning.
    first = re.split(r" {2,}", block[0].strip(), maxsplit=1)[1:]
    text = " ".join(line.strip() for line in [*first, *block[1:]]).strip()
    default = re.search(r"\[default: ([^\]]*)\]\s*$|\[default: ([^\]]*)\] \[possible", text)
    meaning = re.split(r" ?\[env: | Possible values:", text)[0].strip()
    inner = re.search(r"\[default: ([^\]]*)\]", meaning)
    meaning = re.sub(r" ?\[default: [^\]]*\]", "", meaning).strip()
    value = inner[1] if inner else f"`{default[1] or default[2]}`" if default else ""
    return meaning.rstrip("."), "" if value == '`""`' else value


def commands(akin, path=()):
    """Returns the commands of akin that have no commands of their own."""
    text = help_of(akin, path)
    section = re.search(r"^Commands:\n(.*?)\n\n", text, re.M | re.S)
    if not section:
        return [path]
    names = re.findall(r"^ {2}(\S+)", section[1], re.M)
    return [found for name in names if name not in ("help", "completions") for found in commands(akin, (*path, name))]


def of_command(akin, path):
    text = help_of(akin, path)
    found = settings(text)
    if POINTER in text:
        found |= settings(help_of(akin, REFERENCE), SERVERS)
    return found


def programs(folder):
    """Returns the variables of each program, with the lines that explain them."""
    akin = folder / "akin"
    base = settings(help_of(akin))
    found = {f"{name}": settings(help_of(folder / f"{name}-lambda")) for name in FUNCTIONS}
    of_akin = {path: of_command(akin, path) | base for path in commands(akin)}
    found |= {role: of_akin[(role,)] for role in ROLES}
    found["akin"] = {name: block for command in of_akin.values() for name, block in command.items()}
    return found


def besides(program):
    extra = dict(EVERYWHERE)
    if program != "serve-embeddings":
        extra |= SECRETS
    if program in ("serve-embeddings", "akin"):
        extra |= CONTAINER
    return extra


def names(found):
    return {program: sorted({*read, *besides(program)}) for program, read in found.items()}


def unlisted(listed):
    """Returns the variables of settings in the source that no program's help names."""
    every = {name for read in listed.values() for name in read}
    found = set()
    for folder in ("adapters", "delivery", "deployments", "libs/aws-client"):
        for path in (TREE / folder).rglob("src/**/*.rs"):
            found |= set(re.findall(r'\benv = "([A-Z0-9_]+)"', path.read_text(encoding="utf-8")))
    return sorted(name for name in found - every if "_TEST_" not in name and name != "PATH")


def set_by_terraform():
    """Returns for each variable the modules and examples of infra/ that set it."""
    found = {}
    for path in sorted((TREE / "infra").glob("*/*/*.tf")):
        for name in re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+) += ", path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(path.parent.relative_to(TREE / "infra").as_posix())
    return found


def setters():
    """Returns for each variable where it is set, as links of docs/settings.md."""
    found = {
        name: [f"[{place.split('/')[1]}](../infra/{place})" for place in sorted(places)]
        for name, places in set_by_terraform().items()
    }
    for path, _, name in deployed():
        place = path if path.parent == TREE else path.parent
        link = f"[{place.name}](../{place.relative_to(TREE).as_posix()})"
        if link not in found.setdefault(name, []):
            found[name].append(link)
    return found


def table(found):
    """Returns docs/settings.md."""
    places = setters()
    rows = {}
    for program in found:
        for name, block in found[program].items():
            # The first programs are those that are deployed: a command may explain less.
            rows.setdefault(name, described(block))
        for name, meaning in besides(program).items():
            rows.setdefault(name, (meaning, ""))
    listed = names(found)
    lines = []
    for name in sorted(rows):
        meaning, default = rows[name]
        readers = [f"`{program}-lambda`" for program in FUNCTIONS if name in listed[program]]
        readers += [f"`akin {role}`" for role in ROLES if name in listed[role]]
        if name in listed["akin"] and not any(name in listed[role] for role in ROLES):
            readers.append("`akin`")
        meaning = meaning.replace("|", "\\|")
        lines.append(f"| `{name}` | {meaning} | {default} | {', '.join(readers)} | {', '.join(places.get(name, []))} |")
    return HEADER + "\n".join(lines) + "\n"


HEADER = """# Settings

Every environment variable that akin's programs read. A flag beats a variable, and an empty variable counts as unset.
`akin` stands for its other commands, whose `--help` tells which of them. This page is made from the programs' own
help, and tests compare it with what [infra](../infra), `compose.yaml`, the images and the systemd units set.

| variable | meaning | default | read by | set by |
|---|---|---|---|---|
"""


def compare(path, expected, write):
    current = path.read_text(encoding="utf-8") if path.exists() else ""
    if write:
        path.write_text(expected, encoding="utf-8")
    elif current != expected:
        sys.exit(f"{path.relative_to(TREE)} does not say what the programs read: run tools/environment.py --write FOLDER")


def deployed():
    """Yields where a variable is set, for which program, and the variable."""
    for path in sorted((TREE / "packaging").rglob("*")):
        if path.name.startswith("Dockerfile"):
            program = {"endpoint": "serve-embeddings"}.get(path.parent.name, "akin")
            text = path.read_text(encoding="utf-8").replace("\\\n", " ")
            for line in re.findall(r"^ENV (.*)$", text, re.M):
                yield from ((path, program, name) for name in re.findall(r"([A-Z_]+)=", line))
        elif path.suffix == ".service":
            text = path.read_text(encoding="utf-8")
            command = re.search(r"^ExecStart=\S*akin ([\w-]+)", text, re.M)[1]
            program = command if command in ROLES else "akin"
            yield from ((path, program, name) for name in re.findall(r"^Environment=(\w+)=", text, re.M))
        elif path.suffix == ".env":
            units = "".join(unit.read_text(encoding="utf-8") for unit in path.parent.glob("*.service"))
            names = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", path.read_text(encoding="utf-8"), re.M)
            # Some are arguments in the units.
            yield from ((path, "akin", name) for name in names if f"${name}" not in units)
    compose = TREE / "compose.yaml"
    for name in re.findall(r"^ +((?:AKIN|POSTGRES|OPENSEARCH|LOG|AWS)_[A-Z0-9_]+): ", compose.read_text("utf-8"), re.M):
        # A setting of OpenSearch itself.
        if name != "OPENSEARCH_JAVA_OPTS":
            yield compose, "akin", name


def check_deployments():
    listed = json.loads(LIST.read_text(encoding="utf-8"))
    seen, bad = 0, []
    for path, program, name in deployed():
        seen += 1
        if name not in listed.get(program, listed["akin"]):
            bad.append(f"{path.relative_to(TREE)} sets {name}, which {program} does not read")
    if bad:
        sys.exit("\n".join(bad))
    print(f"{seen} variables of compose.yaml, the images and the units are read by their programs")


def main():
    arguments = sys.argv[1:]
    if arguments == ["--deployments"]:
        check_deployments()
        return
    write = arguments[:1] == ["--write"]
    if len(arguments) != 1 + write:
        sys.exit(__doc__)
    found = programs(pathlib.Path(arguments[-1]).resolve())
    listed = names(found)
    if missing := unlisted(listed):
        sys.exit(f"no program's help names these variables of the source: {', '.join(missing)}")
    compare(LIST, json.dumps(listed, indent=1) + "\n", write)
    compare(TABLE, table(found), write)
    print(f"{len({name for read in listed.values() for name in read})} variables of {len(listed)} programs")


if __name__ == "__main__":
    main()
