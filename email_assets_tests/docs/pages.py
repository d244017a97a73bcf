"""The project's pages for people, and what stands in them."""

import re
from pathlib import Path

from email_assets_tests.conftest import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])


def guide(name: str) -> str:
    """The text of a guide."""
    return (PROJECT / "docs" / f"{name}.md").read_text()


def first_cells(text: str) -> list[str]:
    """The code that the first cell of each row of a text's tables begins with."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(page: Path) -> list[str]:
    """Each command of a page's shell blocks, in one line, without its remark."""
    lines = "".join(blocks(page.read_text(), "sh")).replace("\\\n", " ").splitlines()
    bare = [re.sub(r"(^|\s+)#.*", "", line).strip() for line in lines]
    return [line for line in bare if line]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)
    return {re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in headings}
