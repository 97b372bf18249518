"""The client, against a small server that says what each test wants."""
