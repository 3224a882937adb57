"""The comparison of concealers: systems, metrics, cells of work, statistics, table and pictures."""
