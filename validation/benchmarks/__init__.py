"""Times beside those of peers, in one run, with the digits that each gets right."""
