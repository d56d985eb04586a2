"""Whether what was seen is well: history, rules, findings."""
