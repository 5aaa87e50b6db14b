"""The one plan that the program, the nodes, the lab and the tests read: pure values, no cloud."""
