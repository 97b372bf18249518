"""HTTP itself: requests, responses, problems, the fast path and the access log."""
