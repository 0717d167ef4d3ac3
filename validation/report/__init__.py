"""Everything the validation measures, as one HTML page and one JSON document."""
