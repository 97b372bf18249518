"""One word for one thing, and plain English: docs/glossary.md and the phrases that are not written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reqpi"
GLOSSARY = ROOT / "docs" / "glossary.md"

OTHER_SENSES = {
    "ahead": {"_AHEAD"},  # how many bytes of a body wait to be read
    "core": set[str](),
    "environment": {
        "environment",
        "_environment",
        "_ENVIRONMENT",
        "environment_of_folder",
        "read_environment",
    },  # os.environ
    "form": {"form", "_form", "form_key", "is_own_form", "not_own_form", "commit_form", "CommitForm"},  # of a page
    "kept": {"kept", "_kept", "_KEPT"},  # stored, not removed
    "learned": {"learned_file", "learned_lock", "learned_releases"},  # what reqpi learn writes: its own results
    "learning": {"learning", "begin_learning", "end_learning"},  # of reqpi learn and of --learning
    "once": {"_AT_ONCE", "at_once", "_at_once", "_sent_once"},  # at the same time; one time
    "origin": {
        "origin",
        "from_git_origin",
        "git_origin",
        "origin_of",
    },  # a git remote; scheme, host and port (RFC 6454)
    "pieces": {"pieces", "_pieces"},  # parts of a text or of a body
    "shared": {"shared", "_SharedUnixPort"},  # one socket of several processes
}
OTHER_SENSES["learned"] |= {"LearnedFile", "LearnedLock", "LearnedOutput", "LearnedRelease"}
"""Names that have a word of the right column in another sense."""

PHRASES = {
    "is none": r"\b(?:that|which) is none\b|(?<!there )\bis no (?:index|lock|project|file|digest|URL|SBOM|wheel)\b",
    "be had": r"\bbe had\b|\bcan(?:not)? be had\b",
    "whoever": r"\b[Ww]hoever\b|\bwho asks\b",
    "for ever": r"\bfor ever\b",
    "but for": r"\bbut for\b",
    "mend": r"\b[Mm]end(?:s|ed|ing)?\b",
    "heed": r"\bheed(?:s|ed)?\b",
    "makes way": r"\b(?:makes|make|gives|give) way\b",
    "told apart": r"\btold apart\b",
    "as good as none": r"\bas good as none\b",
    "nobody, somebody": r"\b[Nn]obody\b|\b[Ss]omebody\b",
    "begins with What, Of or Whoever": r'"""(?:What|Of|Whoever|That)\b',
    "a conflict that was not resolved": r"^(?:<{7}|>{7}) ",
}
EXCEPTIONS: dict[str, set[str]] = {}
"""Files in which a phrase stands for a reason: a quotation, the name of a user."""


def forbidden() -> Iterator[str]:
    """Yield each word of the right column."""
    for line in GLOSSARY.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in ("say", "---"):
            yield from filter(None, (word.strip() for word in cells[2].split(",")))


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that a module defines, and where."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def words(name: str) -> set[str]:
    """Return the words that a name is made of: ``_readHTMLPage`` has ``read``, ``html`` and ``page``."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


class GlossaryTests(SynchronousTestCase):
    """Names are the glossary's."""

    def test_the_right_column_is_read(self) -> None:
        self.assertLess({"origin", "narrow", "cores", "mended"}, set(forbidden()))

    def test_a_name_has_no_word_that_the_glossary_replaces(self) -> None:
        replaced = set(forbidden())
        found = []
        for path in sorted(PACKAGE.rglob("*.py")):
            defined = [(0, path.stem), *names(ast.parse(path.read_text("utf-8")))]
            found += [
                f"{path.relative_to(ROOT)}:{line}: {name}"
                for line, name in defined
                for word in words(name) & replaced
                if name not in OTHER_SENSES.get(word, ())
            ]
        self.assertEqual(found, [])


class PhraseTests(SynchronousTestCase):
    """Prose is plain technical English."""

    def test_no_page_and_no_module_has_a_phrase_that_reads_as_translated(self) -> None:
        found = []
        texts = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "newsfragments").glob("*.md"), ROOT / "README.md"]
        pages = [*texts, *PACKAGE.rglob("*.py")]
        for path in sorted(page for page in pages if page != GLOSSARY and "_build" not in page.parts):
            name = str(path.relative_to(ROOT))
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                found += [
                    f"{name}:{number}: {phrase}: {line.strip()}"
                    for phrase, pattern in PHRASES.items()
                    if re.search(pattern, line) and name not in EXCEPTIONS.get(phrase, ())
                ]
        self.assertEqual(found, [])
