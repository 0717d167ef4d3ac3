"""Figure 3 of the paper: a tanh network on images of digits, with four optimizers."""
