"""One server: its options and settings, its wiring, the service for twistd, and its workers."""
