"""The numbers of a plot."""
