"""The proxy that ``reqpi run`` is for its child: original URLs are the interface, and the lock decides on each."""
