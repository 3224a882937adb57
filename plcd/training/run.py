"""One training from a recipe and folders of audio to a model file."""

import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch

from plcd.training.board import Board
from plcd.training.checkpoints import LAST, AtomicCheckpoints
from plcd.training.codec.pairs import PairMaker
from plcd.training.codec.patches import PatchMaker, cut_frames
from plcd.training.data.clips import Clips
from plcd.training.data.collection import Recording, Split, describe, find_recordings, parse_source, split
from plcd.training.data.cutting import BlockMaker
from plcd.training.data.patches import GapMaker
from plcd.training.data.stream import Maker, Rounds
from plcd.training.errors import TrainingError
from plcd.training.facts import facts
from plcd.training.figures import Bench, Figures
from plcd.training.finishing import finish
from plcd.training.judging import judged
from plcd.training.loading import Batches, first_batches
from plcd.training.looks import SCORES, Looks
from plcd.training.progress import Bar
from plcd.training.recipe import Recipe, read_recipe
from plcd.training.stopping import Stopper
from plcd.training.tasks.base import Task
from plcd.training.tasks.make import make_task
from plcd.training.tasks.spectrogram import SpectrogramTask, reference
from plcd.training.tasks.testbed import AutoencoderTask
from plcd.training.weights import load_weights, read_checkpoint

_LEAST_S = 0.5
"""Shorter recordings are left out: less than a network's past and a hole; what is shorter than a clip is followed by zeros."""
_CODEC_CLIP_S = 0.6
"""Music on both sides of a codec net's patch: its encoder's delay and bit reservoir."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    recipe: str | Recipe
    data: tuple[str, ...]
    out: Path | None = None
    resume: bool = False
    devices: int = 1
    nodes: int = 1
    finetune: Path | None = None
    init: Path | None = None
    max_minutes: float = 0.0
    steps: int | None = None
    threads: int | None = None
    workers: int | None = None
    """Processes that make examples; None: one less than there are processors, at least one."""
    seed: int = 0
    loss: str | None = None
    codec: Path | None = None
    batch: int | None = None
    validate_every: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Where it ended."""

    out: Path
    model: Path
    """ONNX, or ``.npz`` of a codec net."""
    steps: int
    interrupted: bool
    first: bool
    """This process speaks for all that took part."""


def train(options: Options) -> Result:
    """Do it, with a progress bar on stderr. Raises TrainingError; what was trained until then is in ``out``."""
    recipe = _settled(options)
    out = options.out or Path("out") / recipe.name
    quiet = any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))
    bar = Bar(recipe.name, quiet)
    done = _prepare_folder(out, options, recipe, first=not quiet)
    if options.threads:
        torch.set_num_threads(options.threads)
    _hush()
    lightning.seed_everything(options.seed, verbose=False)
    sources = [parse_source(text) for text in options.data]
    recordings, data = _recordings(recipe, sources, bar.say)
    task = make_task(recipe, options.codec)
    task.seed = options.seed
    start = options.finetune or options.init
    if start is not None and not done:
        bar.say(f"starting from {load_weights(start, task.network)}")
    looks = _looks(recipe, recordings.validation, out, lambda steps: _head(recipe, data, steps), bar)
    stopper = Stopper(options.max_minutes)
    trainer = _trainer(options, task, out, [looks, stopper], bar.say)
    workers = max(1, (os.cpu_count() or 2) - 1) if options.workers is None else options.workers
    seed = options.seed * 1009 + _rank()  # every process of many learns from clips of its own
    batches = Batches(
        _maker(recipe, recordings.train, seed, True), _plan(recipe), seed, done, workers, bar.say
    )
    loader = torch.utils.data.DataLoader(batches, batch_size=None)
    try:
        trainer.fit(task, loader, ckpt_path=out / LAST if done else None)
    finally:
        stopper.restore()
        bar.stop()
    return _finish(recipe, task, looks, stopper.asked, bar, trainer.is_global_zero)


def _settled(options: Options) -> Recipe:
    """The recipe with what the command line changes."""
    recipe = read_recipe(options.recipe) if isinstance(options.recipe, str) else options.recipe
    if options.loss is not None:
        if options.loss not in recipe.losses:
            raise TrainingError(f"--loss {options.loss}: recipe {recipe.name} has {', '.join(recipe.losses)}")
        recipe = replace(recipe, loss=options.loss)
    if options.finetune is not None and recipe.conceals:
        optimiser = replace(recipe.optimiser, rate=recipe.optimiser.rate * recipe.finetune.rate)
        every = min(recipe.validation.every, max(1, recipe.finetune.steps // 4))
        recipe = replace(
            recipe,
            optimiser=optimiser,
            steps=recipe.finetune.steps,
            validation=replace(recipe.validation, every=every, choose=recipe.finetune.choose),
        )
    if options.validate_every is not None:
        recipe = replace(recipe, validation=replace(recipe.validation, every=options.validate_every))
    if options.batch is not None:
        recipe = replace(recipe, batch=options.batch)
    return recipe if options.steps is None else replace(recipe, steps=options.steps)


def _prepare_folder(out: Path, options: Options, recipe: Recipe, first: bool) -> int:
    """Make ``out``; how many steps are done in it already."""
    last = out / LAST
    if options.resume:
        if not last.is_file():
            raise TrainingError(
                f"--resume: there is no {last}; leave --resume out to begin, or name the folder with --out"
            )
        state = read_checkpoint(last)["plcd"]
        for name, value in (
            ("recipe", recipe.name),
            ("loss", recipe.loss),
            ("seed", options.seed),
            ("batch", recipe.batch),
        ):
            if state[name] != value:
                raise TrainingError(f"--resume: {last} was made with {name} {state[name]}, not {value}")
        return int(state["done"])
    if first and last.exists():
        raise TrainingError(f"{out} holds a training already: say --resume to go on, or another --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        if first:
            (out / SCORES).unlink(missing_ok=True)
    except OSError as error:
        raise TrainingError(f"--out {out}: cannot be made: {error.strerror}") from None
    return 0


def _recordings(
    recipe: Recipe, sources: list[tuple[Path, float]], say: Callable[[str], None]
) -> tuple[Split, str]:
    """What is there to learn from, and one line that says so."""
    if not sources:
        raise TrainingError("no data: say --data DIR, a folder with WAV, FLAC or OGG files")
    found = find_recordings(sources, _LEAST_S, say)
    parts = split(found, recipe.data.validation_share)
    say(
        f"{describe(parts.train, sources)} to learn from; {len(parts.validation)}, "
        f"{sum(recording.seconds for recording in parts.validation) / 60:.1f} min to validate on"
    )
    return parts, describe(parts.train, sources)


def _clip_seconds(recipe: Recipe) -> float:
    return recipe.data.patch / recipe.data.rate + _CODEC_CLIP_S if recipe.codec else recipe.data.clip_s


def _maker(recipe: Recipe, recordings: tuple[Recording, ...], seed: int, vary: bool) -> Maker:
    """``vary``: gain and pitch are changed at random, and easy examples left out."""
    data = recipe.data
    clips = Clips(
        recordings,
        data.rate,
        _clip_seconds(recipe),
        data.gain_db if vary else (0.0, 0.0),
        data.pitch_cents if vary else 0.0,
    )
    if recipe.testbed:
        return PatchMaker(clips, seed, data.patch)
    if recipe.codec:
        return PairMaker(clips, seed, data.patch, data.kbps)
    if recipe.spectrogram:
        return GapMaker(clips, seed, recipe.deletion)
    assert recipe.framing is not None
    return BlockMaker(clips, seed, data, recipe.framing.horizon, easy_share=data.easy_share if vary else 1.0)


def _plan(recipe: Recipe) -> Rounds:
    return Rounds(recipe.batch, recipe.data.clips, recipe.data.rounds, recipe.data.batches)


def _looks(
    recipe: Recipe,
    recordings: tuple[Recording, ...],
    out: Path,
    head: Callable[[int], dict[str, Any]],
    bar: Bar,
) -> Looks:
    validation = recipe.validation
    plan = Rounds(recipe.batch, max(4, recipe.data.clips // 4), 1, validation.batches)
    batches = first_batches(_maker(recipe, recordings, 0, False), plan, validation.batches, bar.say)
    bench = None
    if recipe.conceals and validation.clips:
        source = Clips(recordings, recipe.data.rate, validation.clip_s)
        bench = Bench.draw(source, validation.clips, validation.loss, recipe.data, bar.say)
    return Looks(out, batches, bench, head, bar, _also(recipe, recordings, bar.say))


def _also(
    recipe: Recipe, recordings: tuple[Recording, ...], say: Callable[[str], None]
) -> Callable[[Task], Figures] | None:
    """What a look measures of networks that do not conceal."""
    if recipe.spectrogram and recipe.validation.clips:
        return _judge(recipe, recordings, say)
    if not recipe.testbed or not recipe.validation.clips:
        return None
    frames = cut_frames(recordings, recipe.data.patch, recipe.validation.clips, say)
    say(f"SNR: mean over {len(frames)} frames of {recipe.data.patch}")

    def measure(task: Task) -> Figures:
        assert isinstance(task, AutoencoderTask)
        return {"snr_db": task.snr_db(frames)}

    return measure


def _judge(
    recipe: Recipe, recordings: tuple[Recording, ...], say: Callable[[str], None]
) -> Callable[[Task], Figures]:
    clips = Clips(recordings, recipe.data.rate, recipe.data.clip_s)
    patches = judged(clips, recipe.validation.clips, recipe.deletion, say)
    say("; ".join(f"{name} {value:.4g}" for name, value in reference(patches).items()))

    def measure(task: Task) -> Figures:
        assert isinstance(task, SpectrogramTask)
        return task.measure(patches)

    return measure


def _head(recipe: Recipe, data: str, steps: int) -> dict[str, Any]:
    return {"task": recipe.task, "network": recipe.network, **facts(recipe, data, steps)}


def _trainer(
    options: Options, task: Task, out: Path, callbacks: list[lightning.Callback], say: Callable[[str], None]
) -> lightning.Trainer:
    many = options.devices * options.nodes > 1
    return lightning.Trainer(
        default_root_dir=out,
        max_epochs=-1,
        devices=options.devices,
        num_nodes=options.nodes,
        strategy="ddp_find_unused_parameters_true" if many and task.critic is not None else "auto",
        logger=Board(out, say),
        callbacks=callbacks,
        plugins=[AtomicCheckpoints()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=20,
    )


def _finish(recipe: Recipe, task: Task, looks: Looks, asked: bool, bar: Bar, speaks: bool) -> Result:
    """Export the best weights. Raises TrainingError where they or the checkpoint could not be written."""
    out = looks.out
    if looks.failed:
        raise TrainingError(
            f"{looks.failed}; free some space, then go on from the last good one with --resume"
        )
    suffix = ".npz" if recipe.codec else ".onnx"
    model = out / f"{recipe.name}{suffix}"
    if speaks:
        finish(recipe, task, out, model, looks.head(looks.best_step), looks.batches[0])
        bar.say(f"{model}: the weights of step {looks.best_step}")
        if asked:
            bar.say(f"stopped after step {task.done} of {recipe.steps}; --resume goes on from there")
    return Result(out, model, task.done, asked, speaks)


def _rank() -> int:
    nodes, local = (int(os.environ.get(name, "0")) for name in ("NODE_RANK", "LOCAL_RANK"))
    return nodes * 64 + local


def _hush() -> None:
    """Lightning tells its life story at every start; what matters is said by plcd itself."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\..*")
    warnings.filterwarnings("ignore", message=r".*does not have many workers.*")
