"""The checks of the browser tests can fail: axe on a bad page, addresses elsewhere, the font."""

from __future__ import annotations

import hashlib
import re

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.accessibility import AXE, assert_accessible, find_violations
from tests.browser.conftest import NewPage, watch

CHINESE_FONT = re.compile(
    r"CJK|Han Sans|Han Serif|WenQuanYi|PingFang|YaHei|SimSun|SimHei|Heiti|Droid Sans Fallback"
)
VENDORED = AXE.parent / "README.md"
BAD_PAGE = """() => {
  document.documentElement.removeAttribute("lang");
  document.body.innerHTML = `<main><h1>坏的一页</h1><p>看不清的字</p><img src="/static/icon.svg">
    <input type="text"><p><button>一</button><button>二</button></p></main>`;
  document.body.style.background = "#ffffff";
  document.querySelector("p").style.color = "#cccccc";
  for (const each of document.querySelectorAll("button")) {
    Object.assign(each.style, {width: "12px", height: "12px", minHeight: "0", padding: "0",
      border: "0", margin: "0", fontSize: "10px", color: "#000000", background: "#ffffff"});
  }
}"""
"""Styles are set through CSSOM: the content policy blocks style attributes in HTML, and a page
that stays as it was would make this control green for the wrong reason."""


def test_axe_finds_exactly_the_faults_of_a_bad_page(new_page: NewPage) -> None:
    page = new_page("/articles", color_scheme="light")
    page.evaluate(BAD_PAGE)
    assert set(find_violations(page)) == {
        "color-contrast",
        "html-has-lang",
        "image-alt",
        "label",
        "target-size",
    }
    with pytest.raises(AssertionError):
        assert_accessible(page)


def test_axe_is_the_vendored_file() -> None:
    digest = hashlib.sha256(AXE.read_bytes()).hexdigest()
    assert re.search(r"sha256 of the file: `(\w+)`", VENDORED.read_text("utf-8"))[1] == digest  # type: ignore[index]


def test_an_address_elsewhere_is_noted_and_not_reached(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site, bypass_csp=True)
    page = context.new_page()
    faults = watch(page)
    page.goto("/articles")
    assert faults == []
    answer = page.evaluate("fetch('http://cdn.example/x.js', {mode: 'no-cors'}).catch(e => e.name)")
    assert answer == "TypeError"
    assert any("http://cdn.example/x.js" in fault for fault in faults)
    context.close()


def test_chinese_is_painted_in_a_chinese_font(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "h1"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    names = {font["familyName"] for font in fonts}
    assert names
    assert all(CHINESE_FONT.search(name) for name in names), names
