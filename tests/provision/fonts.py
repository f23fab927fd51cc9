"""Chinese letters for the tests' browser: the fonts of our PDFs, so that pictures look alike everywhere."""

from __future__ import annotations

from pathlib import Path

import pylopdf_fonts_zh_cn

CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Noto Sans SC</family></prefer></alias>
  <alias><family>serif</family><prefer><family>Noto Serif SC</family></prefer></alias>
</fontconfig>
"""


def environment(folder: Path) -> dict[str, str]:
    """What a browser must find in its environment to draw Chinese; nothing is put into anybody's home."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "fonts.conf"
    fonts = pylopdf_fonts_zh_cn.sans_path().parent
    content = CONFIGURATION.format(fonts=fonts, cache=folder / "cache")
    if not file.exists() or file.read_text("utf-8") != content:
        file.write_text(content, "utf-8")
    return {"FONTCONFIG_FILE": str(file)}
