"""The pages for people, in a real browser: Debian's Chromium, which playwright drives."""
