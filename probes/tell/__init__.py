"""Findings → messages: what people are to be told of, in which words. Begin with `telling.py`."""
