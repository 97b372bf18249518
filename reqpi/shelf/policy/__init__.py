"""The operator's policy, applied to locks that are committed and to everything that is served."""
