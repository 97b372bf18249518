"""Benchmarks that compare ReqPI with nginx and its peers on this machine: ``python -m benchmarks [PART]…``.

Figures of different runs are not comparable, because machines are noisy. Ratios within one run are comparable.
"""
