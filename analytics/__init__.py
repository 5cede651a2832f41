"""Reads the stream of events; nobody imports it."""
