#!/usr/bin/env bash
# A browser and a Chinese font for the browser tests: installs what is missing where it may
# (root and apt-get), else says what to install and ends with 1.
set -euo pipefail

has_browser() {
    if [ -n "${CHROMIUM:-}" ]; then
        [ -x "$CHROMIUM" ]
        return
    fi
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        if command -v "$name" >/dev/null; then return 0; fi
    done
    return 1
}
has_font() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh family)" ]; }

if has_browser && has_font; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-wqy-zenhei >/dev/null || true
fi
if has_browser && has_font; then exit 0; fi
{
    has_browser || echo "缺少 Chromium 浏览器 / Chromium is missing (CHROMIUM=/path/to/chromium names another place)"
    has_font || echo "缺少中文字体 / a Chinese font is missing (fc-list :lang=zh)"
    echo "请先安装，再运行 make test-browser / Install, then run make test-browser again:"
    echo "  Debian, Ubuntu: sudo apt-get install chromium fontconfig fonts-wqy-zenhei"
    echo "  Fedora:         sudo dnf install chromium fontconfig wqy-zenhei-fonts"
    echo "  Arch:           sudo pacman -S chromium fontconfig wqy-zenhei"
    echo "  macOS:          brew install --cask google-chrome && brew install fontconfig"
} >&2
exit 1
