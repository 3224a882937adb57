"""Perceived audio quality after ITU-R BS.1387-2, basic version.

Section (§) and equation numbers in this package are those of Annex 2 of the Recommendation, where it leaves a choice
the comment says which one was taken (docs/quality.md gives the sources). Arrays run over frames first:
``(frames, bands)``. Energies are on the Recommendation's scale, in which 0 dB is 0 dB SPL.
"""
