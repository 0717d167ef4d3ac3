"""A loss as a batched function of flat parameter vectors, with the base measure of its partition function.

The integral of exp(-L/g) over all of R^d diverges for most network losses (flat directions, saturation), so that the
partition function is taken against a normalised base measure pi,

    Z(g) = int exp(-L(theta)/g) pi(dtheta) .

>>> land = Landscape.from_action("x**2 + x**4")
>>> land(torch.tensor([[0.0], [1.0]]))
tensor([0., 2.], dtype=torch.float64)
>>> land.gradient(torch.tensor([[1.0]]))
tensor([[6.]], dtype=torch.float64)
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal
from torch.nn.attention import SDPBackend, sdpa_kernel

from resurgence import Action
from resurgence.jacobian_ring import terms_of

from .batched_mlp import BatchedMLP

__all__ = ["Landscape"]

#: Bytes that one chunk of a batch may take: on a processor not many times what its caches hold, since larger chunks are
#: no faster there, and on an accelerator enough to keep it busy.
_BUDGETS = {"cpu": 2**27, "cuda": 2**31}
#: Copies of a parameter vector that a row is taken to need: the vector, its gradient and what autograd keeps.
_COPIES = 8
#: The same for a multilayer perceptron, at the peak of a product with the Hessian.
_MLP_COPIES = 4
#: Copies of the outputs of its linear layers at that peak. It depends on the activation: ReLU 4, Tanh 5, SiLU 9.
_MLP_ACTIVATIONS = 9
#: The same two without derivatives: fewer and larger chunks are faster.
_MLP_COPIES_ALONE, _MLP_ACTIVATIONS_ALONE = 1, 2


class Landscape:
    """A loss L on R^d and a base measure pi.

    Parameters
    ----------
    fn : callable
        Takes a tensor (B, d), returns the B losses, a floating-point tensor (B,). Row i of the result must depend on
        row i of the argument alone. Differentiable by autograd where gradients are asked for.
    dim : int
        The dimension d >= 1.
    base : torch.distributions.Distribution, optional
        The base measure, continuous, with event shape (d,), or with batch shape (d,) and scalar events, which are then
        taken as independent. Standard normal by default.
    dtype : torch.dtype, optional
        Of the parameter vectors, float64 by default. Losses are float64 always.
    device : torch.device or str, optional
        Of the parameter vectors; the base measure has to live there too. By default that of a Gaussian base.
    row_bytes : int, optional
        Memory in bytes that one row of a batch needs. Batches are cut so that a chunk takes 128 MiB by this figure, or
        2 GiB on CUDA. By default it is that of eight parameter vectors: more than most closed forms need. Networks add
        their activations, for which :meth:`from_module` makes an allowance.

    Attributes
    ----------
    dim, dtype, device, base
        As given; ``base`` has event shape (d,).

    Raises
    ------
    TypeError, ValueError
        An argument of another type; a base of another shape, or discrete.

    Notes
    -----
    A loss may be +inf: the weight exp(-L/g) is then 0. NaN and -inf raise ValueError wherever they are met. This check
    waits for the device, once a call.

    Examples
    --------
    >>> land = Landscape(lambda theta: theta.square().sum(1), dim=3)
    >>> theta = torch.ones(2, 3)
    >>> land(theta)
    tensor([3., 3.], dtype=torch.float64)
    >>> land.hessian_vector_product(theta, theta)[0]
    tensor([2., 2., 2.], dtype=torch.float64)
    """

    def __init__(
        self,
        fn: Callable[[Tensor], Tensor],
        dim: int,
        base: Distribution | None = None,
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
        row_bytes: int | None = None,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"fn must be a function from a tensor (B, d) to the losses (B,), got {fn!r}")
        if isinstance(dim, bool) or not isinstance(dim, int):
            raise TypeError(f"dim must be an integer, got {dim!r} of type {type(dim).__name__}")
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}")
        _check_dtype(dtype)
        if row_bytes is not None and (isinstance(row_bytes, bool) or not isinstance(row_bytes, int) or row_bytes < 1):
            raise ValueError(f"row_bytes must be a positive integer, got {row_bytes!r}")
        self._fn, self.dim, self.dtype = fn, dim, dtype
        frame = None if base is None else _affine_frame(base)
        self.device = frame[0].device if device is None and frame else torch.empty(0, device=device).device
        if frame and frame[0].device != self.device:
            raise ValueError(f"base and device must agree, got a base on {frame[0].device} and {self.device}")
        self.base: Distribution = _checked_base(base, dim, dtype, self.device)
        self._row_bytes = row_bytes or _COPIES * dim * dtype.itemsize
        self._row_bytes_alone = self._row_bytes

    # -- other ways in ------------------------------------------------------------------------------------------------

    @classmethod
    def from_module(
        cls,
        model: torch.nn.Module,
        loss_fn: Callable[[Any, Any], Tensor],
        batch: tuple[Any, Any],
        scale: float | Tensor = 1.0,
        *,
        dtype: torch.dtype = torch.float64,
    ) -> Landscape:
        """The loss of a network on one batch, with a Gaussian base around the current parameters.

        Networks that differ in their parameters alone are evaluated together: multilayer perceptrons by a few large
        matrix products (:class:`surge.batched_mlp.BatchedMLP`), all others by ``torch.vmap`` of
        ``torch.func.functional_call``.

        Parameters
        ----------
        model : torch.nn.Module
            Copied, so that training it further leaves the landscape as it is, and put in evaluation mode: no dropout,
            batch normalisation with the running statistics. Parameters with ``requires_grad`` make up theta, in the
            order of ``model.named_parameters()``, tied ones once; the others and the buffers stay at their values.
        loss_fn : callable
            ``loss_fn(model(inputs), targets)`` is a scalar tensor.
        batch : pair
            ``(inputs, targets)``; a tuple of inputs is passed on as several arguments. Kept, not copied: leave it as it
            is.
        scale : float or Tensor (d,), optional
            Standard deviation of the base measure, one for all parameters or one for each.
        dtype : torch.dtype, optional
            Of the parameter vectors and the base measure, float64 by default. Inside, they are cast to the parameters'
            own types, so that for a float32 network float32 saves time and memory around it and no accuracy of the
            loss; sums of many small steps, and products with the Hessian, are better in float64.

        Returns
        -------
        Landscape

        Raises
        ------
        TypeError, ValueError
            Arguments of another type, no parameter to vary, parameters on several devices or not finite, ``scale`` not
            positive.
        RuntimeError
            On evaluation, where torch.vmap does not support a layer (LSTM, GRU) or finds it random.

        Examples
        --------
        >>> model = torch.nn.Linear(2, 1)
        >>> batch = torch.ones(4, 2), torch.zeros(4, 1)
        >>> land = Landscape.from_module(model, torch.nn.functional.mse_loss, batch, scale=0.5)
        >>> land.dim
        3
        >>> land(torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 2.0]]))
        tensor([36.,  4.], dtype=torch.float64)
        """
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, got {model!r}")
        if not callable(loss_fn):
            raise TypeError(f"loss_fn must be a function of the model's output and the targets, got {loss_fn!r}")
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise TypeError(f"batch must be a pair (inputs, targets), got {type(batch).__name__}")
        _check_dtype(dtype)
        inputs, targets = batch
        arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        frozen = copy.deepcopy(model).eval()
        parameters = {name: p.detach().clone() for name, p in frozen.named_parameters() if p.requires_grad}
        if not parameters:
            raise ValueError("the model has no parameter with requires_grad: there is nothing to vary")
        devices = {p.device for p in parameters.values()}
        if len(devices) > 1:
            raise ValueError(f"the parameters must be on one device, they are on {sorted(map(str, devices))}")
        for p in frozen.parameters():
            p.requires_grad_(False)
        device = devices.pop()
        mean = torch.cat([p.reshape(-1).to(dtype) for p in parameters.values()])
        if not bool(mean.isfinite().all()):
            raise ValueError("the model's parameters are not all finite: start from an initialised model")
        deviation = torch.as_tensor(scale, dtype=dtype, device=device)
        if deviation.ndim > 1 or deviation.numel() not in (1, mean.numel()):
            raise ValueError(
                f"scale must be a number or a tensor ({mean.numel()},), got a shape {tuple(deviation.shape)}"
            )
        if not bool((deviation.isfinite() & (deviation > 0)).all()):
            raise ValueError(f"scale must be positive and finite, got {scale!r}")
        sizes = [p.numel() for p in parameters.values()]

        def named(theta: Tensor) -> dict[str, Tensor]:
            """The parameters in a vector (d,), or in each of several, (B, d)."""
            pieces = torch.split(theta, sizes, -1)
            return {
                name: piece.reshape(*theta.shape[:-1], *p.shape).to(p.dtype)
                for piece, (name, p) in zip(pieces, parameters.items(), strict=True)
            }

        def loss_of(output: Any) -> Tensor:
            loss = loss_fn(output, targets)
            if not isinstance(loss, Tensor) or loss.numel() != 1:
                shape = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
                raise ValueError(f"loss_fn must return a scalar tensor, got {shape}: reduce by mean or sum")
            return loss.reshape(())

        perceptrons = BatchedMLP.of(frozen, arguments[0], parameters) if len(arguments) == 1 else None
        if perceptrons is not None:
            losses_of = torch.vmap(loss_of)
            largest = max(p.element_size() for p in parameters.values())
            kept = perceptrons.activations * largest
            row_bytes = _MLP_COPIES * dtype.itemsize * mean.numel() + _MLP_ACTIVATIONS * kept
            vector = max(dtype.itemsize, largest) * mean.numel()
            alone = _MLP_COPIES_ALONE * vector + _MLP_ACTIVATIONS_ALONE * kept

            def fn(theta: Tensor) -> Tensor:
                return losses_of(perceptrons(named(theta)))
        else:
            # A tied parameter is put in wherever it occurs, once for each module: functional_call ties parameters too,
            # but leaves a module that occurs twice with the values of the call.
            origin = {id(p): name for name, p in frozen.named_parameters() if name in parameters}
            places = [
                (place, origin[id(p)])
                for prefix, module in frozen.named_modules()
                for place, p in module.named_parameters(prefix, recurse=False, remove_duplicate=False)
                if id(p) in origin
            ]

            def loss_of_one(theta: Tensor) -> Tensor:
                values = named(theta)
                placed = {place: values[name] for place, name in places}
                return loss_of(torch.func.functional_call(frozen, placed, arguments, tie_weights=False))

            batched = torch.vmap(loss_of_one)
            data = sum(x.numel() * x.element_size() for x in (*arguments, targets) if isinstance(x, Tensor))
            rows = max((x.shape[0] for x in arguments if isinstance(x, Tensor) and x.ndim), default=1)
            # An activation of each row of the data for each output of a layer, kept once forward and once backward.
            widths = sum(p.shape[0] for p in parameters.values() if p.ndim)
            alone = row_bytes = _COPIES * dtype.itemsize * mean.numel() + 4 * data + 16 * rows * widths

            def fn(theta: Tensor) -> Tensor:
                # The fused kernels of attention have no second derivative; the plain one has.
                with sdpa_kernel(SDPBackend.MATH):
                    return batched(theta)

        land = cls(
            fn,
            mean.numel(),
            Independent(Normal(mean, deviation.expand_as(mean)), 1),
            dtype=dtype,
            device=device,
            row_bytes=row_bytes,
        )
        land._row_bytes_alone = alone
        return land

    @classmethod
    def from_action(cls, action: Action | str, base: Distribution | None = None) -> Landscape:
        """A polynomial action as a loss: ground truths for everything that is estimated here.

        Parameters
        ----------
        action : resurgence.Action or str
            The coordinates of theta are its variables, in the order of ``action.variables``.
        base : torch.distributions.Distribution, optional
            Standard normal by default. The partition function diverges where the action falls to -inf faster than the
            base does; this is not checked.

        Raises
        ------
        TypeError, ValueError
            Not an action, or a coefficient too large for float64.

        Examples
        --------
        >>> land = Landscape.from_action("x**2*y - y")
        >>> land(torch.tensor([[2.0, 1.0]]))
        tensor([3.], dtype=torch.float64)
        """
        polynomial = action if isinstance(action, Action) else Action(action)
        terms = []
        for exponents, c in terms_of(polynomial.polynomial):
            try:
                coefficient = int(c.p) / int(c.q)
            except OverflowError:
                raise ValueError(f"the coefficient {c} of the action does not fit float64") from None
            terms.append((coefficient, [(i, int(e)) for i, e in enumerate(exponents) if e]))

        def fn(theta: Tensor) -> Tensor:
            total = theta.new_zeros(theta.shape[0])
            for coefficient, factors in terms:
                term = torch.full_like(total, coefficient)
                for i, e in factors:
                    term = term * theta[:, i] ** e
                total = total + term
            return total

        return cls(fn, polynomial.dimension, base)

    # -- the loss -----------------------------------------------------------------------------------------------------

    @property
    def chunk_rows(self) -> int:
        """Rows of a batch whose derivatives are evaluated at once."""
        return self._rows(self._row_bytes)

    def __call__(self, theta: Tensor) -> Tensor:
        """The losses, without a graph for autograd.

        Parameters
        ----------
        theta : Tensor (B, d)
            Finite.

        Returns
        -------
        Tensor (B,)
            float64; +inf is allowed.

        Raises
        ------
        TypeError, ValueError
            ``theta`` of another shape or not finite; a loss that is NaN or -inf, or of another shape.
        """
        theta = self._checked(theta, "theta")
        with torch.no_grad():
            chunks = torch.split(theta, self._rows(self._row_bytes_alone))
            losses = torch.cat([self._losses(chunk) for chunk in chunks])
        _infinite_rows(losses)
        return losses

    def value_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (B,) and gradients (B, d) from one pass.

        A row whose loss is +inf has the gradient 0.

        Raises
        ------
        TypeError, ValueError
            As for a call; or a gradient that is not finite where the loss is.
        """
        theta = self._checked(theta, "theta")
        losses, gradients = [], []
        with torch.enable_grad():
            for chunk in torch.split(theta, self.chunk_rows):
                point = chunk.detach().requires_grad_()
                values = self._losses(point)
                losses.append(values.detach())
                gradients.append(_derivative(values, point, torch.ones_like(values)))
        values = torch.cat(losses)
        # A single chunk is not copied: gradients are as large as theta is.
        gradient = torch.cat(gradients) if len(gradients) > 1 else gradients[0].contiguous()
        infinite = _infinite_rows(values)
        if infinite is not None:
            gradient = gradient.masked_fill(infinite[:, None], 0.0)
        _require_finite(gradient, "gradient of the loss")
        return values, gradient

    def gradient(self, theta: Tensor) -> Tensor:
        """Gradients of the loss, (B, d): see :meth:`value_and_gradient`."""
        return self.value_and_gradient(theta)[1]

    def hessian_vector_product(self, theta: Tensor, v: Tensor) -> Tensor:
        """Products of the Hessians with vectors, by reverse over reverse (Pearlmutter 1994).

        Parameters
        ----------
        theta, v : Tensor (B, d)
            Points and vectors, finite.

        Returns
        -------
        Tensor (B, d)

        Raises
        ------
        TypeError, ValueError
            As for a call; or a product that is not finite.
        """
        theta, v = self._checked(theta, "theta"), self._checked(v, "v")
        if v.shape != theta.shape:
            raise ValueError(f"theta and v must have one shape, got {tuple(theta.shape)} and {tuple(v.shape)}")
        products = []
        with torch.enable_grad():
            for chunk, vectors in zip(*(torch.split(x, self.chunk_rows) for x in (theta, v)), strict=True):
                point = chunk.detach().requires_grad_()
                losses = self._losses(point)
                slope = _derivative(losses, point, torch.ones_like(losses), create_graph=True)
                # Where the gradient does not depend on the point, the loss is linear.
                linear = not slope.requires_grad
                products.append(torch.zeros_like(point) if linear else _derivative(slope, point, vectors))
        product = torch.cat(products)
        _require_finite(product, "product of the Hessian with v")
        return product

    # -- the base measure ---------------------------------------------------------------------------------------------

    @property
    def has_gaussian_base(self) -> bool:
        """Whether the base measure is a normal distribution, so that :meth:`whitened` applies."""
        return _affine_frame(self.base) is not None

    def whitened(self) -> Landscape:
        """The same partition function in coordinates u with a standard normal base, theta = mean + S u.

        Raises
        ------
        ValueError
            The base is not Gaussian.

        Examples
        --------
        >>> base = Normal(torch.tensor([1.0]), torch.tensor([2.0]))
        >>> Landscape(lambda theta: theta[:, 0], 1, base).whitened()(torch.tensor([[3.0]]))
        tensor([7.], dtype=torch.float64)
        """
        frame = _affine_frame(self.base)
        if frame is None:
            raise ValueError(f"only a Gaussian base measure can be whitened, this one is {self.base}")
        mean, factor = (x.to(self.dtype) for x in frame)
        fn = self._fn

        def in_frame(u: Tensor) -> Tensor:
            return fn(torch.addcmul(mean, u, factor) if factor.ndim == 1 else mean + u @ factor.mT)

        whitened = Landscape(in_frame, self.dim, dtype=self.dtype, device=self.device, row_bytes=self._row_bytes)
        # The product with the factor and the sum.
        whitened._row_bytes_alone = min(self._row_bytes, self._row_bytes_alone + 2 * self.dtype.itemsize * self.dim)
        return whitened

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent draws from the base measure, (count, d).

        Parameters
        ----------
        count : int
        generator : torch.Generator
            On the landscape's device. torch's global generators are left as they were.
        """
        frame = _affine_frame(self.base)
        if frame is not None:
            mean, factor = frame
            u = torch.randn(count, self.dim, generator=generator, dtype=mean.dtype, device=self.device)
            return (mean + (u * factor if factor.ndim == 1 else u @ factor.mT)).to(self.dtype)
        # torch.distributions draws from the global generator alone.
        seed = int(torch.randint(2**62, (), generator=generator, device=self.device))
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed)
            draws: Tensor = self.base.sample(torch.Size([count]))
        return draws.to(self.dtype)

    def log_base(self, theta: Tensor) -> Tensor:
        """Log density of the base measure, (B,), float64 and differentiable."""
        density: Tensor = self.base.log_prob(theta)
        return density.double()

    # -- checks -------------------------------------------------------------------------------------------------------

    def _rows(self, row_bytes: int) -> int:
        return max(1, _BUDGETS.get(self.device.type, _BUDGETS["cpu"]) // row_bytes)

    def _losses(self, theta: Tensor) -> Tensor:
        losses = self._fn(theta)
        if not isinstance(losses, Tensor) or not losses.is_floating_point():
            kind = losses.dtype if isinstance(losses, Tensor) else type(losses).__name__
            raise TypeError(f"fn must return a floating-point tensor of losses, got {kind}")
        if losses.shape != theta.shape[:1]:
            raise ValueError(
                f"fn must return one loss a row, a shape ({theta.shape[0]},) for {tuple(theta.shape)}, "
                f"got {tuple(losses.shape)}"
            )
        return losses.double()

    def _checked(self, theta: Tensor, name: str) -> Tensor:
        if not isinstance(theta, Tensor):
            raise TypeError(f"{name} must be a tensor (B, {self.dim}), got {type(theta).__name__}")
        if theta.ndim != 2 or theta.shape[1] != self.dim or not theta.shape[0]:
            raise ValueError(f"{name} must have the shape (B, {self.dim}) with B >= 1, got {tuple(theta.shape)}")
        if theta.is_complex():
            raise TypeError(f"{name} must be real, got {theta.dtype}")
        _require_finite(theta, name)
        return theta.detach().to(device=self.device, dtype=self.dtype)


def _check_dtype(dtype: torch.dtype) -> None:
    if dtype not in (torch.float32, torch.float64):
        raise ValueError(f"dtype must be torch.float64 or torch.float32, got {dtype!r}")


def _checked_base(base: Distribution | None, dim: int, dtype: torch.dtype, device: torch.device) -> Distribution:
    if base is None:
        zeros = torch.zeros(dim, dtype=dtype, device=device)
        return Independent(Normal(zeros, torch.ones_like(zeros)), 1)
    if not isinstance(base, Distribution):
        raise TypeError(f"base must be a torch.distributions.Distribution, got {base!r}")
    shapes = tuple(base.batch_shape), tuple(base.event_shape)
    if shapes == ((dim,), ()):
        base = Independent(base, 1)
    elif shapes != ((), (dim,)):
        raise ValueError(
            f"base must have the event shape ({dim},), or the batch shape ({dim},) with scalar events; "
            f"got batch {shapes[0]} and event {shapes[1]}"
        )
    if getattr(base.support, "is_discrete", False):
        raise ValueError(f"base must be continuous, got {base}")
    return base


def _affine_frame(base: Distribution) -> tuple[Tensor, Tensor] | None:
    """Mean (d,) and a factor S with covariance S S^T, (d,) where diagonal, else (d, d); None if not Gaussian."""
    # Subclasses may have changed the density.
    factors = base.base_dist if type(base) is Independent else base
    if type(factors) is Normal:
        return factors.loc, factors.scale
    if type(base) is MultivariateNormal:
        return base.loc, base.scale_tril
    return None


def _derivative(values: Tensor, point: Tensor, along: Tensor, create_graph: bool = False) -> Tensor:
    """Derivative of sum(values * along), row by row, since row i of the values depends on row i of the point alone."""
    if not values.requires_grad:
        return torch.zeros_like(point)
    (slope,) = torch.autograd.grad(values, point, along, create_graph=create_graph, materialize_grads=True)
    return slope


def _infinite_rows(losses: Tensor) -> Tensor | None:
    """The rows (B,) where the loss is +inf, None where there is none; ValueError for NaN and -inf."""
    if bool(losses.sum().isfinite()):
        return None
    wrong = losses.isnan() | (losses == -math.inf)
    if bool(wrong.any()):
        row = int(wrong.nonzero()[0])
        raise ValueError(
            f"{int(wrong.sum())} of {len(losses)} losses are NaN or -inf, row {row} first: {float(losses[row])}; "
            "a loss is finite, or +inf where the weight exp(-L/g) is to vanish"
        )
    return losses.isinf()


def _require_finite(values: Tensor, name: str) -> None:
    # A sum is finite only if every term is: one pass and no copy, where a test of each number takes longer than a
    # network. Large terms may overflow together, and are then looked at one by one.
    if bool(values.sum().isfinite()):
        return
    wrong = ~values.isfinite().all(1)
    if bool(wrong.any()):
        raise ValueError(f"the {name} must be finite, row {int(wrong.nonzero()[0])} is not")
