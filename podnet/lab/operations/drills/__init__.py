"""The drills: what a change or a fault costs while packets are counted, as rows of a table."""
