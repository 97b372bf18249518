"""Pages are written as Twisted writes them, and no text in them is ever markup."""

from __future__ import annotations

from typing import Any
from unittest import TestCase

from twisted.web.error import UnfilledSlot
from twisted.web.template import CharRef, Element, Tag, XMLString, flattenString, renderer, slot, tags

from reqpi.web.pages.flattening import flattened
from reqpi.web.pages.frame import Frame, template

HOSTILE = ("<script>alert(1)</script>", '" onload="x', "&amp;", "'", "]]>", "<!-- x -->", "\x00", "é 中 \U0001f600")
NAMES = ("address", "frame", "front", "graph", "login", "operator")


class Inner(Element):
    """An element whose template renders a tag of its own."""

    loader = XMLString(
        '<t:transparent xmlns:t="http://twistedmatrix.com/ns/twisted.web.template/0.1"><b t:render="told" class="x">'
        '<t:slot name="outer"/><i><t:attr name="title">a<t:slot name="what"/>b</t:attr></i><br/></b></t:transparent>'
    )

    def __init__(self, what: Any) -> None:
        super().__init__()
        self._what = what

    @renderer
    def told(self, request: object, tag: Tag) -> Any:
        return [tag.fillSlots(what=self._what, outer=tags.em(self._what)), self._what]


def twisteds(root: Any) -> bytes:
    """The page as Twisted writes it."""
    written: list[bytes] = []
    flattenString(None, root).addCallback(written.append)
    return written[0]


class FlatteningTests(TestCase):
    def test_it_is_what_twisted_writes(self) -> None:
        for text in HOSTILE:
            for root in (
                text,
                tags.p(text, title=text, class_=text),
                tags.ul([tags.li(text), (text, [text])]),
                tags.input(type="text", value=text),
                tags.textarea(),
                Tag("", children=[text, tags.br()]),
                Inner(text),
                tags.div(Inner(text), slot("here")).fillSlots(here=[text, tags.a(text, href=text)]),
                Frame(text, text, [Inner(text), tags.p(text)]),
            ):
                with self.subTest(root=root):
                    self.assertEqual(flattened(root), twisteds(root))

    def test_every_template_is_what_twisted_writes(self) -> None:
        """With a text in each slot, and the tags that name a method of an element as they are."""
        for name in NAMES:
            for unrendered in template(name).load():
                tag = unrendered.clone()
                tag.render = None
                names = {each.name for each in _slots(tag)}
                tag.fillSlots(**dict.fromkeys(names, HOSTILE[0]))
                self.assertEqual(flattened(tag), twisteds(tag), name)
                self.assertTrue(names, name)

    def test_the_innermost_tag_fills_a_slot(self) -> None:
        inner = tags.b(slot("x")).fillSlots(x="inner")
        root = tags.p(inner, slot("x")).fillSlots(x="outer")
        self.assertEqual(flattened(root), b"<p><b>inner</b>outer</p>")
        with self.assertRaises(UnfilledSlot):
            flattened(tags.p(slot("y")))

    def test_nothing_is_written_that_is_not_known(self) -> None:
        """An object that says how it is written could say what it likes."""
        for unknown in (b"<b>", 7, None, CharRef(60), object(), (each for each in "x")):
            for root in (unknown, tags.p(unknown), tags.p(title=unknown), tags.p(title=tags.b("x"))):
                with self.subTest(root=root), self.assertRaises(TypeError):
                    flattened(root)


def _slots(tag: Any) -> list[slot]:
    if isinstance(tag, slot):
        return [tag]
    if isinstance(tag, list):
        return [found for each in tag for found in _slots(each)]
    return _slots([*tag.children, *tag.attributes.values()]) if isinstance(tag, Tag) else []
