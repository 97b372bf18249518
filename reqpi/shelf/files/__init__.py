"""Files and their metadata: downloaded, verified, served."""
