"""One file a vendor: requests proven and read, calls made, errors told apart."""
