"""What Linux tells of a process."""

import os
from pathlib import Path
from typing import Optional


def cpu_seconds(pid: int) -> float:
    """CPU time since its start, user and system."""
    # The fields after the command's name, which may hold spaces; see proc_pid_stat(5).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """What it holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def resident_mib(pid: int) -> Optional[float]:
    """Resident memory now, in MiB; None when the process is gone."""
    try:
        return resident_bytes(pid) / (1 << 20)
    except OSError:
        return None
