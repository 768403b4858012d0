"""One YAML file a system: what may stand in it, and how it is read."""
