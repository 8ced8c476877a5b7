"""Who may import whom: every import counts, those inside functions too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LAYERS = ("kb", "indexer", "web")
MAY_IMPORT = {"kb": {"kb"}, "indexer": {"kb", "indexer"}, "web": {"kb", "indexer", "web"}}
LIBRARIES = {
    "kb": {
        "argon2", "authlib", "cryptography", "frontmatter", "fsrs", "joserfc", "mammoth",
        "markdownify", "merge3", "nh3", "prometheus_client", "sqlite_utils",
        "watchfiles", "yaml", "zxcvbn",
    },
    "indexer": {
        "numpy", "opencc", "rapidfuzz", "rjieba", "scipy",
        "sentence_transformers", "threadpoolctl", "tokenizers", "torch", "whoosh",
    },
    "web": {"flask", "markdown_it", "nh3", "prometheus_client", "pydantic", "pydantic_core",
            "segno", "gunicorn", "waitress", "werkzeug", "jinja2", "markupsafe"},
}  # fmt: skip
COMMAND = {
    "kb/__main__.py",
    *(f"kb/commands/{path.name}" for path in (ROOT / "kb/commands").glob("*.py")),
}
PEERS = "indexer/bench/peers.py"
"""Names the engines that ``kb bench`` measures ours against, and speaks their languages."""
PEER_LIBRARIES = {"bm25s", "faiss", "tantivy"}
ONE_HOME = {
    "argon2": "kb/passwords.py",
    "authlib": "kb/oidc.py",
    "joserfc": "kb/oidc.py",
    "cryptography": "kb/sealing.py",
    "zxcvbn": "kb/passwords.py",
    "segno": "web/pages/account.py",
    "fsrs": "kb/practice/scheduling.py",
    "whoosh": "indexer/words.py",
    "rjieba": "indexer/dictionary.py",
    "opencc": "indexer/analysis.py",
    "rapidfuzz": "indexer/lexicon.py",
    "mammoth": "kb/documents/conversion.py",
    "markdownify": "kb/documents/conversion.py",
}


def modules() -> list[str]:
    return [
        str(path.relative_to(ROOT))
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
    ]


@cache
def imports(module: str) -> tuple[str, ...]:
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative path"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    layer = module.split("/", maxsplit=1)[0]
    for name in imports(module):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names:
            continue
        if module in COMMAND:
            assert top in {*LAYERS, "click"}, name
        elif top in LAYERS:
            assert top in MAY_IMPORT[layer], name
        elif module == PEERS:
            assert top in LIBRARIES[layer] | PEER_LIBRARIES, name
        else:
            assert top in LIBRARIES[layer], name


@pytest.mark.parametrize("library", sorted(ONE_HOME))
def test_an_engine_is_named_in_one_module_only(library: str) -> None:
    homes = {
        module for module in modules() if any(n.split(".")[0] == library for n in imports(module))
    }
    assert homes - {PEERS} == {ONE_HOME[library]}


def test_sql_is_written_in_the_store_only() -> None:
    words = ("SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE")
    allowed = ("kb/store/", "kb/migrations/", "kb/publication.py", PEERS)
    for module in modules():
        if module.startswith(allowed):
            continue
        for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(words), f"{module}: {node.value[:60]}"


def test_no_module_imports_itself_by_a_detour() -> None:
    known = {
        module[:-3].replace("/", ".").removesuffix(".__init__"): module for module in modules()
    }
    graph = {
        name: {other for other in imports(module) if other in known and other != name}
        for name, module in known.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for other in sorted(graph[name]):
            visit(other, (*trail, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_the_environment_is_read_at_the_entry_points_only() -> None:
    for module in modules():
        if module == "kb/__main__.py":
            continue
        names = set(imports(module))
        assert "os.environ" not in names, module
        text = (ROOT / module).read_text("utf-8")
        assert "os.environ" not in text, module
        assert "os.getenv" not in text, module
