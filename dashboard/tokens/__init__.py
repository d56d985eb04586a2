"""Tokens with which programs log in to the API."""
