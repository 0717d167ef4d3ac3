"""What SurgeLR adds to the time of a training step."""
