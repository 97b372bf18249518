"""What any server needs: single-flight, the LRU cache, fair share, pauses of the garbage collector, reactor lag."""
