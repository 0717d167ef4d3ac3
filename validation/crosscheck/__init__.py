"""Estimators against exact cases, and what of a density of states can be seen at all."""
