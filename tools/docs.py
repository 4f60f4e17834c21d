#!/usr/bin/env python3
"""Builds the documentation as a site in .cache/docs/site, and checks every link of it and of the repository.

    tools/docs.py         builds and checks; needs no network once its tools are installed
    tools/docs.py links   checks the links of the repository's own pages only

Diagrams are drawn from docs/diagrams/*.d2, and the page of the command line is what the help says, by the snapshots of
its tests. Links that leave docs/ become text in the site, which has no sources.
"""

import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
OUT = ROOT / ".cache" / "docs"

SNAPSHOTS = ROOT / "deployments" / "akin" / "tests" / "it" / "snapshots"
COMMAND_LINE = "cli.md"

FENCE = re.compile(r"^\s*(```|~~~)")
LINK = re.compile(r"(?<!\\)(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)?)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def main():
    if sys.argv[1:] == ["links"]:
        return report(repository_problems())
    site = build()
    return report(repository_problems() + site_problems(site))


def report(problems):
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def build():
    """Builds the site, and returns its folder."""
    tools = subprocess.run(["tools/venv.sh", "docs"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    tools = pathlib.Path(tools.stdout.strip())
    source = OUT / "src"
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree(DOCS, source, ignore=shutil.ignore_patterns("book.toml", "diagrams"))
    shutil.copy(DOCS / "book.toml", OUT)
    (source / "diagrams").mkdir()
    for drawing in sorted((DOCS / "diagrams").glob("*.d2")):
        picture = source / "diagrams" / f"{drawing.stem}.svg"
        command = [tools / "d2", "--layout", "dagre", "--theme", "0", "--pad", "20", "--scale", "0.7", drawing, picture]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    (source / COMMAND_LINE).write_text(command_line(), "utf-8")
    for page in list(source.rglob("*.md")):
        place = DOCS / page.relative_to(source)
        page.write_text(without_outer_links(place, page.read_text("utf-8")), "utf-8")
        if page.name == "README.md":
            page.rename(page.with_name("index.md"))
    subprocess.run([tools / "mdbook", "build", OUT], check=True)
    return OUT / "site"


def command_line():
    """Returns the page with the help of every command, in the order in which the help lists them."""
    parts = ["# The command line\n\nWhat `--help` says. A flag beats its environment variable, which beats the default.\n"]
    commands = [""]
    while commands:
        command = commands.pop()
        snapshot = SNAPSHOTS / f"it__help__help{command.replace(' ', '_')}.snap"
        if not snapshot.exists():
            sys.exit(f"{snapshot.name} is missing: add the command to the test every_subcommand_has_help")
        text = snapshot.read_text("utf-8").split("---\n", 2)[2].rstrip()
        parts.append(f"\n## akin{command}\n\n```text\n{text}\n```\n")
        listed = re.search(r"^Commands:\n(.*?)(\n\n|\Z)", text, re.M | re.S)
        names = re.findall(r"^  (\S+)", listed.group(1), re.M) if listed else []
        commands += [f"{command} {name}" for name in reversed(names) if name != "help"]
    return "".join(parts)


def without_outer_links(page, text):
    """Replaces links of a page of docs/ that leave the folder by their text and the path."""

    def replace(match):
        picture, label, address = match.groups()
        path = local(address)
        if not path or DOCS in resolved(page, path).parents:
            # As mdBook names the first page of a folder.
            return match.group(0).replace("README.md", "index.md")
        name = os.path.relpath(resolved(page, path), ROOT)
        return label if picture or name.rstrip("/") in label else f"{label} (`{name}`)"

    return "\n".join(line if is_code else LINK.sub(replace, line) for line, is_code in lines(text)) + "\n"


def lines(text):
    """Yields each line, and whether it is code."""
    is_code = False
    for line in text.splitlines():
        is_fence = bool(FENCE.match(line))
        yield line, is_code or is_fence
        is_code ^= is_fence


def local(address):
    """Returns the path of an address, without its fragment; empty for other servers and for this page."""
    if re.match(r"[a-z][a-z0-9+.-]*:", address) or address.startswith("//"):
        return ""
    return urllib.parse.unquote(address.split("#")[0])


def resolved(page, path):
    return pathlib.Path(os.path.normpath(page.parent / path))


def pages():
    """Returns the pages of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def repository_problems():
    """Returns the links of the repository's pages that lead nowhere."""
    problems, known = [], {}
    for page in pages():
        for number, (line, is_code) in enumerate(lines(page.read_text("utf-8")), 1):
            for match in () if is_code else LINK.finditer(re.sub(r"`[^`]*`", "", line)):
                problem = problem_of(page, match.group(3), known)
                if problem:
                    problems.append(f"{page.relative_to(ROOT)}:{number}: {match.group(3)}: {problem}")
    return problems


def problem_of(page, address, known):
    path = local(address)
    if not path and "#" not in address[:1]:
        return None
    target = resolved(page, path) if path else page
    drawn = target.parent == DOCS / "diagrams" and target.suffix == ".svg"
    if target == DOCS / COMMAND_LINE or drawn and target.with_suffix(".d2").exists():
        return None
    if not target.exists():
        return "there is no such file"
    fragment = address.partition("#")[2]
    if fragment and target.suffix == ".md":
        if target not in known:
            known[target] = anchors(target.read_text("utf-8"))
        if fragment not in known[target]:
            return "there is no such heading"
    return None


def anchors(text):
    """Returns the fragments of a page's headings, as GitHub names them."""
    found = set()
    for line, is_code in lines(text):
        heading = None if is_code else HEADING.match(line)
        if heading:
            title = LINK.sub(r"\2", heading.group(1)).lower()
            name = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
            number = 1
            while (numbered := name if number == 1 else f"{name}-{number - 1}") in found:
                number += 1
            found.add(numbered)
    return found


class Page(html.parser.HTMLParser):
    """The addresses and the ids of a page of the site."""

    def __init__(self, path):
        super().__init__()
        self.addresses, self.ids = [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.addresses.append(value)
            elif name in ("id", "name") and value:
                self.ids.add(value)


def site_problems(site):
    """Returns the links of the site that lead nowhere."""
    parsed = {path: Page(path) for path in site.rglob("*.html")}
    problems = []
    for path, page in parsed.items():
        # The page for missing pages has a base of its own.
        for address in () if path.name == "404.html" else page.addresses:
            target = local(address)
            if not target and not address.startswith("#"):
                continue
            file = resolved(path, target) if target else path
            file = file / "index.html" if file.is_dir() else file
            fragment = urllib.parse.unquote(address.partition("#")[2])
            if not file.exists():
                problems.append(f"{path.relative_to(site)}: {address}: there is no such file")
            elif fragment and file in parsed and fragment not in parsed[file].ids:
                problems.append(f"{path.relative_to(site)}: {address}: there is no such heading")
    if len(parsed) < 20:
        problems.append(f"the site has {len(parsed)} pages only")
    return problems


if __name__ == "__main__":
    sys.exit(main())
