"""The table repo x node of a hub, now and on any past day."""
