"""What mkdocs does beside turning docs/ into a site: pages from elsewhere, links that lead there, and a last check.

- ARCHITECTURE.md, CONTRIBUTING.md and so on, and the reference, become pages without a copy in docs/.
- A link to a file of the repository that is no page becomes that file's path, as code.
- The site must load nothing from another host: it is read beside a robot, without a network.
"""

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
#: File in the root, and the page it becomes.
ROOT_PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "STYLE.md": "style.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "README.md": "index.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s#]*)(#[^)\s]*)?\)")
#: What a browser fetches when it shows a page; a link that a reader follows is none of it.
_LOADED = re.compile(
    rb"<(?:script|img|iframe|source)[^>]+src=[\"']?(?:https?:)?//[^>]*|<link[^>]+href=[\"']?(?:https?:)?//[^>]*"
)


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that are no files of docs/."""
    # mkdocs puts the path back as it was once it has loaded this file. The package is built in place, not installed.
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "python")]
    from write_reference import pages

    texts = pages()
    for source, page in ROOT_PAGES.items():
        if source != "README.md":
            texts[page] = _from_root((ROOT / source).read_text())
    for name, text in texts.items():
        files.append(File.generated(config, name, content=text))
    return files


def _from_root(text: str) -> str:
    """The text of a file in the root, its links as seen from docs/."""

    def moved(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        if "://" in target or not target:
            return link[0]
        inside = target.removeprefix("docs/") if target.startswith("docs/") else f"../{target}"
        return f"[{label}]({inside}{anchor})"

    return _LINK.sub(moved, text)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Leads links out of docs/ to the page a file became, or shows the file's path."""

    def led(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        if "://" in target or not target.startswith("../"):
            return link[0]
        path = posixpath.normpath(posixpath.join("docs", target))
        if path in ROOT_PAGES:
            return f"[{label}]({ROOT_PAGES[path]}{anchor})"
        if not (ROOT / path).exists():
            raise PluginError(f"{page.file.src_uri} links to {path}, which does not exist")
        return f"{label} (`{path}`)" if label.strip("`") not in path else f"`{path}`"

    return _LINK.sub(led, markdown)


def on_post_build(config: Any) -> None:
    """Fails where a page would load something from another host."""
    folder = Path(config["site_dir"])
    found = [
        f"{page.relative_to(folder)}: {match[0].decode(errors='replace')}"
        for page in sorted(folder.rglob("*.html"))
        for match in _LOADED.finditer(page.read_bytes())
    ]
    if found:
        raise PluginError("pages must load nothing from other hosts, found:\n" + "\n".join(found))
