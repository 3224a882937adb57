"""Everything that touches the world: sockets, sound devices, files, clocks, threads."""
