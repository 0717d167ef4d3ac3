"""Measurements of the package beside its peers. Run ``python -m validation``; no part of the distribution."""
