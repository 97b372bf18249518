"""Environment markers: checked, combined, and computed for a graph of packages."""
