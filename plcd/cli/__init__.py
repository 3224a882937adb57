"""The command line: flags, configuration, exit codes and terminal views."""
