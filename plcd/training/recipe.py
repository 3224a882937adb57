"""Recipes: everything that makes one training what it is, as a TOML file a person can read and change."""

import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from plcd.core.ensemble import Ensemble
from plcd.core.loss import parse_loss
from plcd.training.data.deletion import Deletion
from plcd.training.errors import TrainingError
from plcd.training.tables import read_table

TASKS = ("magnitude", "waveform", "samples", "spectrogram", "codec-magnitude", "codec-time", "codec-testbed")
"""What can be trained: the framings of docs/models.md, networks that repair spectrograms, the two nets that imitate an MP3
encoder, and what their loss was tried on."""


_CHOICES = ("loss", "zimtohrli", "odg", "gap_snr_db", "snr_db", "psnr_db")


@dataclass(frozen=True, slots=True)
class Framing:
    """What the network is shown and returns, as the contract in docs/models.md names it. All in samples."""

    context: int
    horizon: int = 1024
    made: int = 1024
    fade: int = 64
    noise: float = 0.0
    """How much of the sampled innovation is in the prediction that it is shown."""
    closes: bool = False
    """The network may be shown holes that are closed from both sides."""
    longest: int = 0
    """Samples of a hole: the network is not asked for blocks that begin later; 0: for all."""
    size: int = 0
    """Length of the STFT's window; 0: no STFT."""
    hop: int = 0
    judged: int = 0
    """Frames at the end that the losses look at; 0: all."""
    scale: str = "none"
    """``fixed``: root magnitudes over ``scale_value``; ``rms``: over that times the root of the context's RMS, samples over that
    times the RMS; ``none``."""
    scale_value: float = 1.0

    def __post_init__(self) -> None:
        if self.context < 1:
            raise ValueError(f"context must be at least 1, not {self.context}")
        if not 1 <= self.made <= self.horizon:
            raise ValueError(f"made must lie in 1..horizon ({self.horizon}), not {self.made}")
        if self.scale not in ("none", "fixed", "rms"):
            raise ValueError(f"scale {self.scale!r}: one of none, fixed, rms")
        if self.size and not 1 <= self.hop <= self.size:
            raise ValueError(f"hop must lie in 1..{self.size}, not {self.hop}")


@dataclass(frozen=True, slots=True)
class Data:
    """How recordings become examples."""

    rate: int = 44_100
    """Hz; what is recorded at another rate is resampled."""
    packet: int = 512
    predictor: str = "best"
    past: int = 4096
    """Samples before each block that an example keeps: at least the network's context; losses may look at more."""
    after: int = 0
    """True samples behind the horizon that an example keeps, for losses that hear on."""
    loss: tuple[str, ...] = ("gilbert:0.05,0.5",)
    """Loss patterns, one drawn for each clip, as ``plcd send --loss`` takes them."""
    model: str = ""
    """The network that conceals while examples are cut, as ``plcd --model`` takes it; without one the predictor alone does."""
    closed_share: float = 0.0
    """Of the clips so many are concealed with a packet of lookahead: their holes are closed from both sides."""
    clip_s: float = 2.0
    """Seconds of a recording that are concealed at a time."""
    gain_db: tuple[float, ...] = (-12.0, 6.0)
    pitch_cents: float = 100.0
    """Clips are played faster or slower by up to this."""
    easy_db: float = 25.0
    """A block predicted with a better SNR than this is easy: a sustained note."""
    easy_share: float = 0.3
    """Of the easy ones so many are kept."""
    clips: int = 48
    """Clips made at a time: one round."""
    rounds: int = 4
    """A batch is drawn from the examples of so many rounds."""
    batches: int = 40
    """Batches drawn before the next round's clips replace the oldest."""
    validation_share: float = 0.1
    """Of the recordings, by a hash of their names."""
    patch: int = 0
    """Samples of an example of the codec nets and of their testbed."""
    kbps: int = 16
    """Rate of the MP3 that they imitate."""

    def __post_init__(self) -> None:
        try:
            Ensemble.parse(self.predictor)
            for spec in self.loss:
                parse_loss(spec)
        except ValueError as error:
            raise ValueError(str(error)) from None
        if not self.loss:
            raise ValueError("loss: at least one pattern")
        if len(self.gain_db) != 2 or self.gain_db[0] > self.gain_db[1]:
            raise ValueError("gain_db: two numbers, the smaller first")
        for name, value, low, high in (
            ("rate", self.rate, 8000, 192_000),
            ("packet", self.packet, 16, 4096),
            ("past", self.past, 1, 1 << 17),
            ("after", self.after, 0, 1 << 16),
            ("clip_s", self.clip_s, 0.1, 60.0),
            ("pitch_cents", self.pitch_cents, 0.0, 1200.0),
            ("closed_share", self.closed_share, 0.0, 1.0),
            ("easy_share", self.easy_share, 0.0, 1.0),
            ("clips", self.clips, 1, 10_000),
            ("rounds", self.rounds, 1, 1000),
            ("batches", self.batches, 1, 100_000),
            ("validation_share", self.validation_share, 0.0, 0.5),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in {low:g}..{high:g}, not {value:g}")


@dataclass(frozen=True, slots=True)
class Optimiser:
    """How weights move."""

    rate: float
    kind: str = "adam"
    betas: tuple[float, ...] = (0.9, 0.999)
    epsilon: float = 1e-8
    decay: float = 0.0
    """Learning rate over (1 + decay x step), as Keras and the codec paper mean it."""
    schedule: str = "constant"
    """``cosine``: falls to ``floor`` times ``rate`` over all steps; ``plateau``: times ``floor`` where the validation loss has
    not fallen ``patience`` times; ``constant``."""
    floor: float = 0.5
    patience: int = 10
    clip: float = 0.0
    """Largest norm of the gradient; 0: any."""

    def __post_init__(self) -> None:
        if self.kind not in ("adam", "radam"):
            raise ValueError(f"kind {self.kind!r}: one of adam, radam")
        if self.schedule not in ("cosine", "plateau", "constant"):
            raise ValueError(f"schedule {self.schedule!r}: one of cosine, plateau, constant")
        if len(self.betas) != 2:
            raise ValueError("betas: two numbers")
        if self.rate <= 0:
            raise ValueError(f"rate must be positive, not {self.rate:g}")


@dataclass(frozen=True, slots=True)
class Validation:
    """What is looked at on the way."""

    every: int = 500
    """Steps between two looks."""
    batches: int = 8
    """Batches of validation recordings whose loss is averaged."""
    clips: int = 4
    """Clips that are concealed by the engine with the network in it, and scored; of the testbed: frames, at most; of networks of
    spectrograms: patches."""
    clip_s: float = 6.0
    loss: str = "gilbert:0.055,0.5"
    """10 % of all packets."""
    choose: str = "loss"
    """By which figure the best weights are kept: ``loss``, ``zimtohrli``, ``odg`` or ``gap_snr_db``; of the testbed also
    ``snr_db``, of networks of spectrograms ``psnr_db``."""

    def __post_init__(self) -> None:
        if self.choose not in _CHOICES:
            raise ValueError(f"choose {self.choose!r}: one of {', '.join(_CHOICES)}")
        if self.every < 1:
            raise ValueError(f"every must be at least 1, not {self.every}")
        parse_loss(self.loss)


@dataclass(frozen=True, slots=True)
class Finetune:
    """What differs when a trained network is adapted to one's own recordings."""

    steps: int = 600
    rate: float = 0.25
    """Times the recipe's learning rate."""
    choose: str = "zimtohrli"
    """The figure that chooses the weights, as in ``validation``: the loss of a few takes says too little."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training."""

    task: str
    steps: int
    batch: int
    optimiser: Optimiser
    losses: dict[str, dict[str, float]]
    """Sets of losses by name: weight of each."""
    loss: str
    """The set that is used unless another is asked for."""
    framing: Framing | None = None
    about: str = ""
    network: dict[str, Any] = field(default_factory=dict)
    """Settings of the network: ``kind`` and what its constructor takes."""
    data: Data = field(default_factory=Data)
    deletion: Deletion = field(default_factory=Deletion)
    """Of networks of spectrograms: what is missing in a patch."""
    validation: Validation = field(default_factory=Validation)
    finetune: Finetune = field(default_factory=Finetune)
    half: bool = False
    """Whether the network learns in bfloat16, channels last: twice as fast on a processor that has it. Losses do not."""
    critic_every: int = 0
    """The adversary learns in every so many-th step; 0: there is none."""
    name: str = ""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task {self.task!r}: one of {', '.join(TASKS)}")
        if self.framing is None and self.conceals:
            raise ValueError("'framing' is missing")
        if self.framing is not None and self.data.past < self.framing.context:
            raise ValueError(
                f"data.past ({self.data.past}) is less than framing.context ({self.framing.context})"
            )
        if self.loss not in self.losses:
            raise ValueError(f"loss {self.loss!r}: one of {', '.join(self.losses)}")
        for key, value in (("steps", self.steps), ("batch", self.batch)):
            if value < 1:
                raise ValueError(f"{key} must be at least 1, not {value}")

    @property
    def codec(self) -> bool:
        """Whether it makes a net for a loss, or tries that loss, rather than making one that conceals."""
        return self.task.startswith("codec")

    @property
    def spectrogram(self) -> bool:
        """Whether its network repairs spectrograms."""
        return self.task == "spectrogram"

    @property
    def conceals(self) -> bool:
        """Whether its network works on holes as plcd plays."""
        return not self.codec and not self.spectrogram

    @property
    def testbed(self) -> bool:
        """Whether it tries the codec loss where its paper did."""
        return self.task == "codec-testbed"

    @property
    def weights(self) -> dict[str, float]:
        """The losses in use, with their weights."""
        return self.losses[self.loss]


def recipe_names() -> list[str]:
    """Those that come with plcd."""
    folder = files("plcd.training") / "recipes"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def read_recipe(spec: str) -> Recipe:
    """The recipe of that name, or in the TOML file of that name. Raises TrainingError."""
    names = recipe_names()
    if spec in names:
        text, where, name = (
            (files("plcd.training") / "recipes" / f"{spec}.toml").read_text("utf-8"),
            f"recipe {spec}",
            spec,
        )
    else:
        path = Path(spec)
        if not path.is_file():
            raise TrainingError(
                f"recipe {spec!r}: no such file, and no such recipe; there are {', '.join(names)}"
            )
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TrainingError(f"recipe {spec}: cannot be read: {error}") from None
        where, name = f"recipe {spec}", path.stem
    return parse_recipe(text, where, name)


def parse_recipe(text: str, where: str, name: str) -> Recipe:
    """The recipe that ``text`` (TOML) holds; ``where`` names it in messages. Raises TrainingError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{where}: not TOML: {error}") from None
    return read_table(Recipe, {"name": name, **table}, where)
