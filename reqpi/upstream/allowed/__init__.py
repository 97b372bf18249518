"""The operator's permissions: hosts, addresses, indexes and the logins for them."""
