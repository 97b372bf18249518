"""What any server needs: single-flight, the LRU cache, fair share, pauses of the collector, reactor lag."""
