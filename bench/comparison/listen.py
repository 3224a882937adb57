"""Chooses what the listening page lets people compare."""

from pathlib import Path

from comparison.board import Board
from comparison.clips import Clip
from comparison.excerpts import EXCERPT_S, conceal_excerpt, telling_clips
from comparison.listening.items import ListeningItem
from comparison.listening.page import write_page
from comparison.losses import Loss
from plcd.cli.errors import CliError, ExitCode


def write_listening_page(path: Path, board: Board, clips: list[Clip], loss: Loss, count: int) -> Path:
    """A page of ``count`` clips under the first trace of ``loss``, through all systems of ``board``, causal.

    The clips are ranked by the first loss of the comparison where ``loss`` was not in it. Raises CliError where the page
    cannot be written.
    """
    compared = {each.name for each in board.settings.losses}
    ranked_by = loss.name if loss.name in compared else board.settings.losses[0].name
    items = []
    for clip in telling_clips(board, ranked_by, clips, count):
        systems = list(board.settings.systems)
        excerpt = conceal_excerpt(clip, loss, 0, systems, board.settings.packet, EXCERPT_S)
        items.append(ListeningItem(clip.name, clip.rate, excerpt.reference, excerpt.outputs))
    try:
        write_page(path, items)
    except (OSError, ValueError) as error:
        raise CliError(f"--listen-page: {error}", ExitCode.FILE) from None
    return path
