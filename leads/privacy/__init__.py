"""Pages of privacy: requests, what is kept and why, and for how long."""
