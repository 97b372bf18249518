"""Limits on what one client may do: rates, and who counts as one client."""
