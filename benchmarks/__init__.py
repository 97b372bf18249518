"""How fast ReqPI is, beside nginx and its peers, on this machine: ``python -m benchmarks``, or one part of it.

Figures of different runs are not comparable: machines are noisy. Ratios within one run are.
"""
