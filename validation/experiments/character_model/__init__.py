"""Figures 1, 4 and 5 of the paper: a transformer of ten thousand parameters on characters, with four optimizers."""
