"""Experiments: training runs, method against method, in which the learning rate is the thing measured."""
