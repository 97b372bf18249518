"""An address as plain files: what is at each URL, and how a web server has to send it."""
