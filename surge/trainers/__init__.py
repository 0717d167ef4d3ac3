"""SurgeLR inside a trainer: who hands the loss over, and when.

Each module needs the library that it is named after, and is imported by its own name:

- :mod:`surge.trainers.lightning`: a callback,
- :mod:`surge.trainers.hugging_face`: a callback and the trainer that reports its losses to it,
- :mod:`surge.trainers.accelerate`: a SurgeLR with the accelerator's backward pass.
"""
