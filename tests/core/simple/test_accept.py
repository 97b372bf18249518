"""Content negotiation."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.simple import HTML, V1_HTML, V1_JSON, choose


class Clients(SynchronousTestCase):
    """Each client gets a form that it reads."""

    def test_pip_before_22_2_and_pex_get_plain_html(self) -> None:
        self.assertEqual(choose("text/html"), HTML)

    def test_pip_from_22_2_on_gets_json(self) -> None:
        accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
        self.assertEqual(choose(accept), V1_JSON)

    def test_uv_gets_json(self) -> None:
        accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
        self.assertEqual(choose(accept), V1_JSON)

    def test_a_browser_gets_plain_html(self) -> None:
        self.assertEqual(choose("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"), HTML)

    def test_who_takes_anything_or_says_nothing_gets_plain_html(self) -> None:
        for accept in ("*/*", None, "", "application/*", "application/json", "text/*", "image/png"):
            self.assertEqual(choose(accept), HTML, accept)


class Weights(SynchronousTestCase):
    """A content type of PEP 691 is for clients that name it and prefer no other."""

    def test_json_is_given_where_it_is_named(self) -> None:
        for accept in (
            "application/vnd.pypi.simple.v1+json",
            "application/vnd.pypi.simple.latest+json",
            "APPLICATION/VND.PyPI.Simple.V1+JSON",
            "application/vnd.pypi.simple.v1+json, */*",
            "application/vnd.pypi.simple.v1+json;q=0.9, */*;q=0.1",
            "text/html, application/vnd.pypi.simple.v1+json",
            "application/vnd.pypi.simple.v1+json ; Q=0.5 , text/html ; q=0.5",
            "application/vnd.pypi.simple.v1+json;charset=utf-8;q=0.5, text/html;q=0.4",
        ):
            self.assertEqual(choose(accept), V1_JSON, accept)

    def test_html_that_is_liked_better_outranks_json(self) -> None:
        for accept in (
            "application/vnd.pypi.simple.v1+json;q=0.5, text/html",
            "application/vnd.pypi.simple.v1+json;q=0.5, text/*;q=0.6",
            "application/vnd.pypi.simple.v1+json;q=0.5, */*",
        ):
            self.assertEqual(choose(accept), HTML, accept)

    def test_a_specific_range_counts_before_a_wildcard(self) -> None:
        self.assertEqual(choose("application/vnd.pypi.simple.v1+json;q=0.5, */*, text/html;q=0.1"), V1_JSON)

    def test_the_new_html_type_is_given_where_it_is_named(self) -> None:
        for accept in (
            "application/vnd.pypi.simple.v1+html",
            "application/vnd.pypi.simple.latest+html, text/html;q=0.5",
            "application/vnd.pypi.simple.v1+html, */*",
            "application/vnd.pypi.simple.v1+html, application/vnd.pypi.simple.v1+json;q=0.9",
        ):
            self.assertEqual(choose(accept), V1_HTML, accept)
        self.assertEqual(choose("application/vnd.pypi.simple.v1+html;q=0.5, text/html"), HTML)

    def test_what_has_no_weight_is_never_given(self) -> None:
        for q in ("q=0", "q=0.0", "q=0.000"):
            self.assertEqual(choose(f"application/vnd.pypi.simple.v1+json;{q}, */*"), HTML)
            self.assertEqual(choose(f"application/vnd.pypi.simple.v1+json;{q}"), HTML)
            self.assertEqual(choose(f"application/vnd.pypi.simple.v1+html;{q}"), HTML)

    def test_another_major_version_is_not_ours_to_give(self) -> None:
        self.assertEqual(choose("application/vnd.pypi.simple.v2+json, text/html;q=0.1"), HTML)


class Malformed(SynchronousTestCase):
    """A malformed header is not an error: the response is the one that every client reads."""

    def test_a_weight_that_is_none_says_nothing(self) -> None:
        for q in ("q=", "q=x", "q=nan", "q=inf", "q=-1", "q=1.1", "q=1e0", "q=0_1", "q=.", "q=1.0000", "q=\u0661"):
            self.assertEqual(choose(f"application/vnd.pypi.simple.v1+json;{q}"), HTML, q)

    def test_the_rest_of_the_header_still_counts(self) -> None:
        self.assertEqual(choose(",;,q=,/,text/html;q=x,application/vnd.pypi.simple.v1+json"), V1_JSON)

    def test_a_header_of_absurd_length_is_not_looked_at(self) -> None:
        self.assertEqual(choose("a/b," * 100_000 + "application/vnd.pypi.simple.v1+json"), HTML)

    @settings(deadline=None)
    @given(st.text("*/,;=q01.+ \tvjson\x00\ud800", max_size=60))
    def test_nothing_raises(self, accept: str) -> None:
        self.assertIn(choose(accept), {HTML, V1_HTML, V1_JSON})
