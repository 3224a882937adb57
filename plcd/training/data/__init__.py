"""From a folder of recordings to batches of examples, without torch: it runs in worker processes."""
