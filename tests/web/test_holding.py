"""Files of the handbook that would make judged answers worse: refused, held, told, and let through
with a reason. Real index, real judged queries."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.filing import judge_files
from indexer.sync import sync_index
from kb.editor import Editor
from kb.errors import KBError
from kb.handbook import read_handbook
from kb.publishing import HandbookReport
from kb.settings import shipped_handbook
from kb.store import editing, handbook, vocabulary
from kb.watching import HandbookWatcher
from tests.kb.running import Kb, kb_over
from tests.web.test_vocabulary import settle
from web.services import Services

ARTICLE = "P060101"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped handbook, to be edited."""
    return Path(shutil.copytree(shipped_handbook(), tmp_path / "handbook"))


@pytest.fixture
def full(services: Services, folder: Path) -> Kb:
    """``kb`` over the served data folder."""
    return kb_over(services.settings.data, KB_HANDBOOK=str(folder))


def ruin_words(folder: Path) -> None:
    """Confusions that turn every known word into another trade's."""
    synonyms = (folder / "tables" / "synonyms.txt").read_text("utf-8").splitlines()
    words = {
        word.strip() for line in synonyms if line[:1] != "#" for word in line.split(",") if word
    }
    table = folder / "tables" / "confusions.csv"
    held = table.read_text("utf-8")
    taken = {line.split(",")[0] for line in held.splitlines()}
    rows = "".join(f"{word},苹果树,safe\n" for word in sorted(words - taken))
    table.write_text(held + rows, "utf-8")


def file_of(folder: Path) -> Path:
    return next((folder / "articles").rglob(f"{ARTICLE}-*.md"))


def ruin_article(folder: Path, *, despite: str = "") -> None:
    """A text that no longer answers what the article settled."""
    path = file_of(folder)
    head, _, _ = path.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
    head = re.sub(r"(?m)^title: .*$", "title: 营业厅排队", head)
    for name, value in (
        ("keywords", "[排队]"),
        ("categories", "['120101']"),
        ("steps", "[取号。]"),
    ):
        head = re.sub(rf"(?ms)^{name}:.*?(?=^\w)", f"{name}: {value}\n", head)
    head += f"\ndespite: {despite}" if despite else ""
    path.write_text(f"---\n{head}\n---\n## 一句话\n\n排队。\n", "utf-8")


def test_an_import_that_makes_answers_worse_is_refused_without_a_reason(
    full: Kb, folder: Path, services: Services
) -> None:
    assert full("import", "handbook", "--json").code == 0
    before = vocabulary.newest_number(services.database.connection)
    ruin_words(folder)
    refused = full("import", "handbook")
    assert refused.code == 3
    assert "评测变差超出波动，没有收" in refused.out
    assert "识别混淆表、评测变差：影响" in refused.out
    assert "平均倒数排名" in refused.out
    assert vocabulary.newest_number(services.database.connection) == before
    assert any("识别混淆" in each for each in full("verify", "--json").data["held"])
    taken = full("import", "handbook", "--reason", "演练换词", "--json")
    assert (taken.code, taken.data["held"]) == (0, [])
    newest = vocabulary.read_versions(services.database.connection)[0]
    assert newest.number == before + 1
    assert "演练换词" in newest.reason
    assert newest.impact is not None
    assert newest.impact["lowers"]
    assert newest.impact["despite"] == "演练换词"
    assert full("verify", "--json").data["held"] == []


def watcher_of(services: Services, folder: Path, told: list[object]) -> HandbookWatcher:
    def note(done: HandbookReport | KBError) -> None:
        told.append(done)

    return HandbookWatcher(
        services.database,
        folder,
        clock=services.clock,
        tell=note,
        judge=lambda files: judge_files(
            services.settings, services.database, files, now=services.clock()
        ),
    )


def test_a_watched_file_is_held_back_told_of_and_let_through_by_its_front_matter(
    client: FlaskClient, full: Kb, folder: Path, services: Services
) -> None:
    assert full("import", "handbook").code == 0
    settle(services, [f"家里光猫红灯亮，网断了{day}天" for day in "一二三四五六"], ARTICLE)
    sync_index(services.settings, services.database)
    told: list[object] = []
    watcher = watcher_of(services, folder, told)
    other = next((folder / "articles").rglob("P010101-*.md"))
    other.write_text(other.read_text("utf-8").rstrip() + "\n\n补一句。\n", "utf-8")
    ruin_article(folder)
    title = handbook.read_article(services.database.connection, ARTICLE).title
    watcher.take_in()
    [report] = told
    assert isinstance(report, HandbookReport)
    assert (report.revised, len(report.held)) == (1, 1)
    assert report.held[0].startswith(f"{ARTICLE} 评测变差")
    assert handbook.read_article(services.database.connection, ARTICLE).title == title
    page = client.get("/edit").text
    assert "手册文件没有收" in page
    assert f"/edit/{ARTICLE}/file" in page
    assert "营业厅排队" in client.get(f"/edit/{ARTICLE}/file").text
    ruin_article(folder, despite="旧条目并入别处")
    watcher.take_in()
    stored = handbook.read_article(services.database.connection, ARTICLE)
    assert stored.title == "营业厅排队"
    assert "旧条目并入别处" in stored.revision.reason
    [event] = [
        each
        for each in editing.read_events(services.database.connection, ARTICLE)
        if each.action == "import"
    ]
    assert event.comment == "旧条目并入别处"
    assert event.foreseen
    assert event.foreseen["lowers"]
    assert "手册文件没有收" not in client.get("/edit").text
    assert "导入文件" in client.get(f"/edit/{ARTICLE}").text


def test_what_is_published_on_the_page_is_no_longer_held(
    client: FlaskClient, full: Kb, folder: Path, services: Services
) -> None:
    assert full("import", "handbook").code == 0
    settle(services, [f"家里光猫红灯亮，网断了{day}天" for day in "一二三四五六"], ARTICLE)
    sync_index(services.settings, services.database)
    ruin_article(folder)
    assert full("import", "handbook").code == 3
    file = next(each for each in read_handbook(folder).articles if each.id == ARTICLE)
    now, editor = services.clock(), Editor(services.database)
    base = editing.read_newest(services.database.connection, ARTICLE).revision.number
    draft = editor.save(file, base=base, author="甲", now=now)
    editor.act(ARTICLE, draft.revision.number, "submit", actor="甲", now=now)
    for who in ("乙", "丙")[: editor.open(ARTICLE, now=now).standing.needed]:
        editor.act(ARTICLE, draft.revision.number, "approve", actor=who, comment="合并", now=now)
    again = full("import", "handbook", "--json")
    assert (again.code, again.data["held"], again.data["revised"]) == (0, [], 0)
    assert "手册文件没有收" not in client.get("/edit").text
