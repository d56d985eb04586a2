"""What is watched: hubs, nodes, replicas, repos, and the policy that says what is expected of them."""
