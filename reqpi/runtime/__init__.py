"""Parts of any server: single-flight, LRU cache, fair share, circuit breaker, offloading, collector, reactor lag."""
