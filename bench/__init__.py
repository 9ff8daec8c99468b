"""kudari beside its peers, in one run: `python -m bench` from the clone's root."""
