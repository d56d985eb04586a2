"""Plots of tarballs: stored pictures, charts and badges."""
