"""What is handed out: no secret in wheel or source package, a bill of materials, known weaknesses.

``python -m tests.bench.supply [--out FOLDER]`` (group ``supply``) builds both packages and scans
them, writes ``sbom.json`` (CycloneDX) of the environment it runs in, and asks the advisory service
of ``pip-audit`` about every package in it. Exit 1 for a secret or a weakness, 2 when no
service can be reached, or one that does not know a known weakness: then nothing is known.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent.parent
KNOWN = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_\w{36,}\b|\bgithub_pat_\w{60,}",
    "Slack token": r"\bxox[abprs]-[\w-]{10,}",
    "JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "token of a desk": r"\bkb_[\w-]{43}\b",
    "password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"<>{}]+:[^\s/:@'\"<>{}]+@",
    "hash of a password": r"\$argon2id\$v=\d+\$[^'\"\s]+\$[\w+/]{20,}\$[\w+/]{30,}",
}
"""Secrets that are known by their form."""
_KNOWN = re.compile("|".join(f"(?P<g{n}>{form})" for n, form in enumerate(KNOWN.values())))
_RANDOM = re.compile(r"(?<![\w+/=-])[\w+/=-]{32,}(?![\w+/=-])")
LEAST_BITS = 4.3
"""Entropy a sign from which a long text of signs is taken for random: base64 of 32 random bytes has
some 4.9, identifiers and paths of 32 signs below 4.1; hexadecimal can have no more than 4."""
LEFT_OUT = re.compile(r"tests/browser/vendor/|[^/]+\.dist-info/RECORD$")
"""Others' files, kept with their digests; the digests of a wheel's own files."""
ALLOWED = {
    "FXZCq3XNalQvu13siEXURNcb/y7l1aLRYh+hb84qfhE": "no account's hash: kb.passwords.NO_HASH",
}
"""Random texts that are no secrets, and why."""
CONTROL = "jinja2==2.4.1\n"
"""A package with weaknesses known for years (CVE-2014-1402)."""
SECONDS = 180


@dataclass(frozen=True)
class Secret:
    """Something that must not be handed out."""

    file: str
    line: int
    kind: str


def build(folder: Path) -> list[Path]:
    """The wheel and the source package of this tree."""
    kinds = (WheelBuilder(str(ROOT)), SdistBuilder(str(ROOT)))
    made = [
        each for kind in kinds for each in kind.build(directory=str(folder), versions=["standard"])
    ]
    return [Path(each) for each in made]


def read_members(package: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a package."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist())
        return
    with tarfile.open(package) as sdist:
        for member in sdist:
            file = sdist.extractfile(member)
            if file is not None:
                yield member.name.partition("/")[2], file.read()


def find_secrets(name: str, data: bytes) -> Iterator[Secret]:
    """What looks like a secret in a file: by its form, or as a long random text."""
    if LEFT_OUT.match(name):
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        for found in _KNOWN.finditer(line):
            kind = next(kind for kind, text in zip(KNOWN, found.groups(), strict=True) if text)
            yield Secret(name, number, kind)
        for found in _RANDOM.finditer(line):
            if looks_random(found[0]) and found[0] not in ALLOWED:
                yield Secret(name, number, "random text")


def looks_random(text: str) -> bool:
    """Whether a text of signs is more mixed than words are: capitals, small letters and digits."""
    mixed = all(re.search(signs, text) for signs in ("[A-Z]", "[a-z]", "[0-9]"))
    return mixed and entropy(text) >= LEAST_BITS


def entropy(text: str) -> float:
    """Shannon's entropy of its signs, bits a sign."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def scan(package: Path) -> list[Secret]:
    """The secrets of a whole package."""
    return [found for name, data in read_members(package) for found in find_secrets(name, data)]


def write_bill(target: Path) -> int:
    """The packages of this environment as CycloneDX; how many."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--of", "JSON"]
    command += ["-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
    return len(json.loads(target.read_text("utf-8"))["components"])


def knows_weaknesses() -> bool:
    """Whether the service tells of a package that is known to be weak: a mirror may know none."""
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "control.txt"
        control.write_text(CONTROL, "utf-8")
        found, _ = ask_advisories("--no-deps", "--disable-pip", "-r", str(control))
    return bool(found)


def ask_advisories(*arguments: str) -> tuple[list[str] | None, str]:
    """Known weaknesses of the packages here, None when nothing could be asked; and why."""
    command = [sys.executable, "-m", "pip_audit", "-f", "json", "--progress-spinner", "off"]
    command += arguments
    try:
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=SECONDS, cwd="/"
        )
        told = json.loads(ran.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError) as error:
        lines = ran.stderr.strip().splitlines() if isinstance(error, ValueError) else []
        return None, lines[-1][:300] if lines else type(error).__name__
    return [
        f"{each['name']} {each['version']}: {', '.join(weak['id'] for weak in each['vulns'])}"
        for each in told
        if each.get("vulns")
    ], ""


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="folder of sbom.json")
def main(out: Path) -> None:
    """Build, scan, write the bill of materials, ask for weaknesses."""
    with tempfile.TemporaryDirectory() as folder:
        packages = build(Path(folder))
        secrets = [(package.name, each) for package in packages for each in scan(package)]
    for package, each in secrets:
        click.echo(f"{package}: {each.file}:{each.line}: {each.kind}")
    click.echo(f"{len(packages)} packages built and scanned, {len(secrets)} secrets found")
    count = write_bill(out / "sbom.json")
    click.echo(f"{out / 'sbom.json'}: {count} packages")
    weak, why = ask_advisories()
    if weak == [] and not knows_weaknesses():
        weak, why = None, f"it tells nothing of {CONTROL.strip()} either"
    if weak is None:
        click.echo(f"no answer of an advisory service, nothing is known of weaknesses: {why}")
    else:
        click.echo("\n".join([*weak, f"{len(weak)} packages with known weaknesses"]))
    sys.exit(1 if secrets or weak else 2 if weak is None else 0)


if __name__ == "__main__":
    main()
