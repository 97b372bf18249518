"""Trees of :mod:`twisted.web.template` as bytes, in one go.

Twisted's own ``flatten`` can wait for parts of a page, and for that makes a generator of each element and each text. A
page for people has all of its parts before, so one pass over the tree suffices: it gives the same bytes in less time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twisted.web.error import UnfilledSlot
from twisted.web.iweb import IRenderable
from twisted.web.template import Tag, slot

__all__ = ["flattened"]

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
"""The elements that have no end tag in HTML."""

_Slots = Mapping[str, Any]
_Write = Callable[[str], object]


def flattened(root: Any) -> bytes:
    """Return a tree as UTF-8.

    Each text in it is escaped: in an attribute, quotation marks as well.

    :param root: elements, tags, slots, texts, and lists of them. Nothing else is known here, so that nothing else can
        be written without being escaped.
    :raises TypeError: something else is in the tree.
    """
    pieces: list[str] = []
    _Flattening(pieces.append).write(root)
    return "".join(pieces).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _Flattening:
    """One pass over a tree.

    :param write: receives the pieces of the text.
    :param slots: what fills the slots, the innermost tag last.
    :param element: the one whose methods render the tags that name one.
    """

    def __init__(self, write: _Write, slots: Sequence[_Slots] = (), element: Any = None) -> None:
        self._write = write
        self._slots = slots
        self._element = element

    def write(self, root: Any) -> None:
        """Write a part of the tree."""
        if isinstance(root, str):
            self._write(_escaped(root))
        elif isinstance(root, Tag):
            self._tag(root)
        elif isinstance(root, list | tuple):
            for each in root:
                self.write(each)
        elif isinstance(root, slot):
            self.write(self._filled(root))
        elif IRenderable.providedBy(root):
            _Flattening(self._write, self._slots, root).write(root.render(None))
        else:
            raise TypeError(f"a page cannot have a {type(root).__name__} in it")

    def _tag(self, tag: Tag) -> None:
        if tag.slotData:
            _Flattening(self._write, [*self._slots, tag.slotData], self._element).write_tag(tag)
        else:
            self.write_tag(tag)

    def write_tag(self, tag: Tag) -> None:
        """Write a tag, whose slots are filled."""
        if tag.render is not None:
            unrendered = tag.clone(False)
            unrendered.render = None
            self.write(self._element.lookupRenderMethod(tag.render)(None, unrendered))
            return
        name = str(tag.tagName)
        if not name:
            self.write(tag.children)
            return
        self._write(f"<{name}{self._attributes(tag.attributes.items())}")
        if not tag.children and name in _VOID:
            self._write(" />")
            return
        self._write(">")
        for each in tag.children:
            self.write(each)
        self._write(f"</{name}>")

    def _attributes(self, attributes: Iterable[tuple[str | bytes, Any]]) -> str:
        return "".join([f' {name}="{self._value(value)}"' for name, value in attributes])  # type: ignore[str-bytes-safe]

    def _value(self, value: Any) -> str:
        """Return the value of an attribute, in which there are texts and slots alone."""
        if isinstance(value, str):
            return _escaped(value).replace('"', "&quot;")
        if isinstance(value, slot):
            return self._value(self._filled(value))
        if isinstance(value, list | tuple):
            return "".join(map(self._value, value))
        if isinstance(value, Tag) and not value.tagName and value.render is None:  # t:transparent, of a template
            return self._value(value.children)
        raise TypeError(f"an attribute cannot have a {type(value).__name__} in it")

    def _filled(self, unfilled: slot) -> Any:
        for each in reversed(self._slots):
            if unfilled.name in each:
                return each[unfilled.name]
        raise UnfilledSlot(unfilled.name)
