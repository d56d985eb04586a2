"""Pages of what people were told, and what every page says when telling or looking fails."""
