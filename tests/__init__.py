"""The tests mirror reqpi/, room by room."""
