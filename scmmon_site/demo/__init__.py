"""A small estate on this machine: real sshd nodes, trees of tarballs with planted faults, and its inventory."""
