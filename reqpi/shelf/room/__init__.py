"""The room of a store: how large it may become, and how much of it each token may fill."""
