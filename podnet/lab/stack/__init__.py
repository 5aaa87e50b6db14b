"""One stack in one lab: its settings, engine, pods, verification and changes."""
