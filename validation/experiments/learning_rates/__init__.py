"""How much a method cares for its learning rate: the final validation loss of every method at every rate."""
