"""Perceived audio quality after ITU-R BS.1387-2, basic version.

Section (§) and equation numbers in this package are those of Annex 2 of the Recommendation. Where it leaves a choice
docs/quality.md says which one was taken, and gives the sources. Arrays run over frames first:
``(frames, bands)``. Energies are on the Recommendation's scale, in which 0 dB is 0 dB SPL.
"""
