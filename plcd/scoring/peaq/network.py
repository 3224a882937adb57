"""The neural network that maps eleven variables to a distortion index and an Objective Difference Grade (§6)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import Real

_LEAST: Real = np.array(
    [
        393.916656,
        361.965332,
        -24.045116,
        1.110661,
        -0.206623,
        0.074318,
        1.113683,
        0.950345,
        0.029985,
        0.000101,
        0,
    ]
)
_MOST: Real = np.array(
    [921, 881.131226, 16.212030, 107.137772, 2.886017, 13.933351, 63.257874, 1145.018555, 14.819740, 1, 1]
)
"""Range of each variable, mapped to 0 .. 1; what lies beyond is not clipped (§6.2)."""
_HIDDEN: Real = np.array(
    [
        [-0.502657, 0.436333, 1.219602],
        [4.307481, 3.246017, 1.123743],
        [4.984241, -2.211189, -0.192096],
        [0.051056, -1.762424, 4.331315],
        [2.321580, 1.789971, -0.754560],
        [-5.303901, -3.452257, -10.814982],
        [2.730991, -6.111805, 1.519223],
        [0.624950, -1.331523, -5.955151],
        [3.102889, 0.871260, -5.922878],
        [-1.051468, -0.939882, -0.142913],
        [-1.804679, -0.503610, -0.620456],
    ]
)
_HIDDEN_BIAS: Real = np.array([-2.518254, 0.654841, -2.207228])
_OUTPUT: Real = np.array([-3.817048, 4.107138, 4.629582])
_OUTPUT_BIAS: Final = -0.307594
"""Weights of the basic version (§6.2)."""
LOWEST_GRADE: Final = -3.98
HIGHEST_GRADE: Final = 0.22
"""Range of the grade (§6.2)."""


def distortion_index(variables: Real) -> float:
    """DI of the eleven variables, ``(11,)``, in the order of :class:`plcd.scoring.peaq.variables.Variables`."""
    scaled = (variables - _LEAST) / (_MOST - _LEAST)
    return float(_OUTPUT @ _sigmoid(scaled @ _HIDDEN + _HIDDEN_BIAS) + _OUTPUT_BIAS)


def grade(index: float) -> float:
    """ODG of a distortion index: 0 imperceptible, -4 very annoying."""
    return LOWEST_GRADE + (HIGHEST_GRADE - LOWEST_GRADE) * float(_sigmoid(np.asarray(index)))


def _sigmoid(values: Real) -> Real:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -700, 700))))
