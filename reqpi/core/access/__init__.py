"""Who may do what: scopes, tokens, and the file that has them."""
