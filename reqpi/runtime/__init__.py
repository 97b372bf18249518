"""Parts of any server: single-flight, the LRU cache, fair share, circuit breakers, pauses of the collector, reactor lag."""
