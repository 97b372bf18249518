"""Files and their metadata: downloaded, verified, delivered. Every decision about a digest is made here."""
