"""A shop's order pipeline over real broker protocols, and eight ways to break its traces."""
