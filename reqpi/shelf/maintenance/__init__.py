"""Maintenance of a store: prefreezing, scrubbing, sweeping and verifying."""
