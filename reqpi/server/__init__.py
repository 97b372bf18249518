"""One server put together: its settings, its wiring, the twistd plugin and its workers."""
