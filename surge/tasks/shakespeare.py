"""Text, one character after another, and a transformer of about ten thousand parameters that predicts the next."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .task import Task

__all__ = ["CharacterTransformer", "made_text", "shakespeare"]

_CONTEXT = 64
#: The share of the text, at its end, that is held out.
_HELD_OUT = 0.1

_NOUNS = ("king", "queen", "crow", "river", "night", "sword", "letter", "garden", "daughter", "storm", "ship", "fool")
_VERBS = ("sees", "follows", "fears", "remembers", "calls", "betrays", "loves", "awaits", "forgets", "wakes")
_ADJECTIVES = ("old", "silent", "bright", "cruel", "gentle", "distant", "hollow", "golden")
_JOINTS = (", and ", ", but ", "; then ", ".\n", ".\n", ".\n", "!\n", "?\n")


class CharacterTransformer(nn.Module):
    """A causal transformer with pre-normalisation (Radford et al. 2019): two layers, width 20, two heads.

    Called with characters (B, T), integers below ``characters``, T at most 64; returns logits (B, T, characters).

    Examples
    --------
    >>> model = CharacterTransformer(65)
    >>> model(torch.zeros(2, 64, dtype=torch.int64)).shape, sum(p.numel() for p in model.parameters())
    (torch.Size([2, 64, 65]), 10760)
    """

    def __init__(self, characters: int, width: int = 20, heads: int = 2, layers: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.position = nn.Embedding(_CONTEXT, width)
        self.layers = nn.Sequential(*(_Layer(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, characters, bias=False)
        for table in (self.embedding, self.position):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, characters: Tensor) -> Tensor:
        x = self.embedding(characters) + self.position.weight[: characters.shape[-1]]
        logits: Tensor = self.head(self.norm(self.layers(x)))
        return logits


class _Layer(nn.Module):
    """Attention to what came before, then a network on every position."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width)
        self.projections = nn.Linear(width, 3 * width)
        self.mixed = nn.Linear(width, width)
        self.norm_network = nn.LayerNorm(width)
        self.network = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        joint = self.projections(self.norm_attention(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = joint.movedim(-3, 0).transpose(-2, -3)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.mixed(mixed.transpose(-2, -3).flatten(-2))
        after: Tensor = x + self.network(self.norm_network(x))
        return after


def made_text(characters: int = 200_000) -> str:
    """A text made by this function: sentences of a small grammar with random words, the same always.

    It stands in for tiny Shakespeare where that file is not there, and is much easier to predict.

    Examples
    --------
    >>> len(made_text(1000))
    1000
    """
    choices = (_ADJECTIVES, _NOUNS, _VERBS, _ADJECTIVES, _NOUNS, _JOINTS)
    pattern = "the {} {} {} the {} {}{}"
    shortest = len(pattern.format(*(min(words, key=len) for words in choices)))
    generator = torch.Generator().manual_seed(0)
    clauses = characters // shortest + 1
    drawn = [torch.randint(len(words), (clauses,), generator=generator).tolist() for words in choices]
    text = "".join(
        pattern.format(*(words[i] for words, i in zip(choices, indices, strict=True)))
        for indices in zip(*drawn, strict=True)
    )
    return text[:characters]


def shakespeare(folder: Path | None = None, device: torch.device | str = "cpu") -> Task:
    """Prediction of the next character from up to 64, by a :class:`CharacterTransformer`.

    Batches are 32 windows of 64 characters; the last tenth of the text is held out.

    Parameters
    ----------
    folder
        Holds ``input.txt``, tiny Shakespeare (Karpathy 2015; 65 characters, 10,760 parameters), or any other text; or
        has a folder ``tinyshakespeare`` that does. None: :func:`made_text`, which is no Shakespeare.
    device
        Of the data and the models.

    Raises
    ------
    FileNotFoundError
        A folder without the file.
    ValueError
        A text too short, or not in UTF-8.

    Examples
    --------
    >>> task = shakespeare()
    >>> [x.shape for x in task.batch(0, seed=0)]
    [torch.Size([32, 64]), torch.Size([32, 64])]
    """
    text = made_text() if folder is None else _read_text(folder)
    source = "made text" if folder is None else "text"
    alphabet = sorted(set(text))
    numbers = {character: number for number, character in enumerate(alphabet)}
    coded = torch.tensor([numbers[character] for character in text])
    cut = len(coded) - int(_HELD_OUT * len(coded))
    return Task(
        name="shakespeare",
        description=f"{source} of {len(text)} characters, {len(alphabet)} different; causal transformer of two layers",
        network=lambda: CharacterTransformer(len(alphabet)),
        loss=_cross_entropy,
        training=_windows(coded[:cut], device),
        held_out=_windows(coded[cut:], device),
        batch_size=32,
        has_logits=True,
    )


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean over windows and positions."""
    return nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten())


def _windows(coded: Tensor, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Disjoint windows (N, 64) and the same one character later."""
    count = (len(coded) - 1) // _CONTEXT
    inputs, targets = (coded[shift : shift + count * _CONTEXT].reshape(count, _CONTEXT) for shift in (0, 1))
    return inputs.to(device), targets.to(device)


def _read_text(folder: Path) -> str:
    places = [folder / "tinyshakespeare" / "input.txt", folder / "input.txt"]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            2,
            "the task shakespeare needs input.txt, here or in tinyshakespeare/; without a folder it makes a text",
            str(folder),
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from None
    least = 32 * _CONTEXT * 2
    if len(text) < least:
        raise ValueError(f"{path} has {len(text)} characters: at least {least} are needed")
    return text
