"""Drift on a server: ask the indexes, write histories, compare. No other part of the shelf needs it."""
