"""`--scheduler`: the same work on a dask.distributed cluster, here one of one worker on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import independent

SAMPLES = Path(__file__).parent.parent / "samples"

SCRIPT = """
import subprocess, sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        command = [sys.executable, "-m", "mediaprep", "convert", *sys.argv[1:]]
        command += ["--scheduler", cluster.scheduler_address]
        sys.exit(subprocess.run(command).returncode)
"""


@pytest.mark.slow
def test_a_cluster_does_the_same_work(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    out = tmp_path / "out"
    files = [str(SAMPLES / name) for name in ("photo.bmp", "film-hevc.mp4")]
    command = [sys.executable, str(script), *files, "--into", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    independent.still(out / "photo.jpg")
    independent.film(out / "film-hevc.mp4")


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mediaprep", "convert", str(SAMPLES), "--into", str(tmp_path / "out")]
    command += ["--scheduler", "tcp://127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 2
    assert "cannot connect to --scheduler" in done.stderr and "Traceback" not in done.stderr
