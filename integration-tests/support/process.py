"""What Linux tells of a process."""

import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time since its start, user and system."""
    # The fields after the command's name, which may hold spaces; see proc_pid_stat(5).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
