"""The ring of adapters to outside services."""
