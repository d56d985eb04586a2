"""Pages of findings: what was found, its evidence and history, and the answers that people give."""
