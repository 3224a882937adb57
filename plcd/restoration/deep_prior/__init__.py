"""Deep-prior inpainting (Miotello et al. 2023): a network that has never seen any other audio is fitted to what is known of one
clip, and what it says of the rest is taken.

Its only knowledge is its own shape: convolutions over several resolutions and over harmonic series find it easier to go on with
what is there than to do anything else. Nothing is trained beforehand and nothing ships; each window costs a fit of its own.

    restorer     the method as plcd restore calls it
    fitting      one fit: network, noise, optimiser, the best of what it said; checkpoints
    spectrogram  samples to frames and back, and which frames a gap spoils
    loss         equations 9 to 15
    multires     the network; harmonic, its convolution; unet, the network it is compared with

Needs PyTorch (extra ``[restore]``).
"""
