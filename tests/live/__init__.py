"""The real upstream: a real lock of real packages, through an address."""
