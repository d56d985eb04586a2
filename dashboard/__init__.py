"""What people and programs see: pages, charts, REST API, metrics. Nobody imports it."""
