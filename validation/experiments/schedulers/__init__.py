"""Table 2 and figure 6 of the paper: the wrapper beside learning-rate schedules at six learning rates."""
