"""The site: settings, URLs, start-up checks, and the demo estate."""
