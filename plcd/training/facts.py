"""What a trained file says about how it came to be."""

import subprocess
from pathlib import Path
from typing import Any

from plcd import __version__
from plcd.training.recipe import Recipe


def facts(recipe: Recipe, data: str, steps: int) -> dict[str, Any]:
    """The last row of the contract in docs/models.md, and the recipe's name."""
    return {
        "plcd": __version__,
        "commit": commit(),
        "data": data,
        "steps": steps,
        "recipe": recipe.name,
        "loss": recipe.loss,
    }


def commit() -> str:
    """Of the checkout this runs from; empty where it is none."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        found = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()
