"""Training of networks (extra ``train``): data, losses, recipes and the run itself. Nothing else of plcd imports it."""
