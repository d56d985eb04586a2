"""How a node is looked at: transport, remote command, listing, ingest."""
