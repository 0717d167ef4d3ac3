"""Figures 2 and 7 of the paper: a function of one variable, fitted by a network of 251 parameters."""
