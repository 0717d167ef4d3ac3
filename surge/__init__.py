"""SURGE: learning rates from the partition function of a loss.

The training layer on :mod:`resurgence`. It needs torch: ``pip install 'resurgence[surge]'``.

>>> import torch
>>> parameter = torch.nn.Parameter(torch.tensor([3.0]))
>>> optimizer = torch.optim.SGD([parameter], lr=0.1)
>>> wrapper = SurgeLR(optimizer, Targets((0.0,)))
>>> loss = (parameter**2).sum()
>>> loss.backward()
>>> wrapper.step(loss)
>>> optimizer.step()
>>> wrapper.alpha, optimizer.param_groups[0]["lr"]
(1.5, 0.1)

>>> land = Landscape.from_action("x**2 + x**4")  # against a standard normal base measure
>>> log_partition(land, [1.0, 0.1], method="laplace", seed=0).log_z.shape
torch.Size([2])
"""

try:
    import torch as _torch
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("surge needs torch: pip install 'resurgence[surge]'", name="torch") from missing

from .find_targets import find_targets
from .guard import SingularityGuard
from .landscape import Landscape
from .partition import PartitionEstimate, log_partition
from .scheduler import SurgeLR
from .targets import Targets

__all__ = [
    "Landscape",
    "PartitionEstimate",
    "SingularityGuard",
    "SurgeLR",
    "Targets",
    "find_targets",
    "log_partition",
]

del _torch
