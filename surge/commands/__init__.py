"""What the commands do: each takes its parsed options, prints, and says whether the outcome is a positive one."""

from .targets import targets
from .train import train

__all__ = ["targets", "train"]
