"""What the operator permits: hosts, addresses, indexes and the logins for them."""
