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
"""

try:
    import torch as _torch
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("surge needs torch: pip install 'resurgence[surge]'", name="torch") from missing

from .guard import SingularityGuard
from .scheduler import SurgeLR
from .targets import Targets

__all__ = ["SingularityGuard", "SurgeLR", "Targets"]

del _torch
