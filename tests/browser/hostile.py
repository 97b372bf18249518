"""Texts of strangers that would run a script if any page took them for markup."""

from __future__ import annotations

__all__ = ["CASES", "HOSTILE"]

CASES = (
    "<script>alert(1)</script>",
    "</code></pre></textarea></title><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "' onmouseover='alert(5)' autofocus onfocus='alert(5)",
    '" onmouseover="alert(6)" autofocus onfocus="alert(6)',
    "<iframe srcdoc='<script>alert(7)</script>'></iframe>",
    "<style>*{background:url(http://127.0.0.1:9/)}</style>",
    "javascript:alert(8)",
    "<a href=javascript:alert(9)>x</a>",
    "<base href=http://127.0.0.1:9/>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "]]><script>alert(10)</script><!--",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u202e<script>alert(11)</script>\u202c",
)
"""Each is shown wherever a stranger can put a text."""

HOSTILE = " ".join(CASES[:10])
"""Several at once, for texts of which there is only one."""
