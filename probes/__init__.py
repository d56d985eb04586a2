"""What was seen, and whether it is well. Read `pipeline.py` first: it is the one place that knows the order."""
