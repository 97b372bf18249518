"""Tests of the proxy of a run."""
