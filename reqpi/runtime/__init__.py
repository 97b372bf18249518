"""Parts of any server: single-flight, the LRU cache, fair share, pauses of the garbage collector, reactor lag."""
