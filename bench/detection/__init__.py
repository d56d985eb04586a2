"""Measures detection: years of simulated backups with planted faults, scored by event and kind, beside simple limits.

Nothing here but `product` and `slice` knows the program that is measured; `docs/detection.md` has the table.
"""
