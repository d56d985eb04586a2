"""What lists have in common: order, filters and paging by the address."""
