"""A store in a directory, which the processes of one host may share."""
