"""The REST API: what the pages show, for programs; answers to findings, and looks that are asked for."""
