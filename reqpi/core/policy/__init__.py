"""The operator's policy: which known facts about a release are warned about, and which are refused."""
