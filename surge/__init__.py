"""SURGE: learning rates from the partition function of a loss.

This package is the training layer that will stand on :mod:`resurgence`. It has no public functions yet.
"""
