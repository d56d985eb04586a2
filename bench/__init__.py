"""Measures scmmon against plain ssh side by side: `make bench` prints the table of docs/performance.md."""
