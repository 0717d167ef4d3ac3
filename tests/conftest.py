"""Settings that every test shares.

`make test` draws the same examples every time, so that a failure is the change's doing. `make search` draws others
each time: what it finds belongs into a test as an explicit example.
"""

import os

import hypothesis

hypothesis.settings.register_profile("suite", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
