"""What was measured where, and how to look closer."""

import datetime
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import client
from report import prose, table
from tools import ROOT

LIBRARIES = ["numpy", "onnxruntime", "orjson", "pymysql", "scikit-learn", "skl2onnx"]

PROFILE = """## Where the time goes

Build a release with line numbers in a folder of its own, and profile one run over sample items:

```sh
export CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_STRIP=none CARGO_TARGET_DIR=target/profile
cargo build --release
export MYSQL_DATABASE=profile
scripts/with-database mysql --dir target/profile/data -- bash -c '
    "$0" init --rows 1000000 && perf record -F 5000 --call-graph dwarf,16384 -o target/profile/perf.data "$0" run
' target/profile/release/rowscore
perf report -i target/profile/perf.data --no-children                # which functions compute
perf report -i target/profile/perf.data --children --sort symbol     # on whose behalf
```

If you have no `perf`, or want to count instructions, which other programs on the machine do not change, use
`valgrind --tool=callgrind` instead with some 65,536 rows, then `callgrind_annotate`. `strace -f -c` counts the system
calls, and `perf stat` shows user and system time. Use a new `--dir` for the next profile: `rowscore init` adds no items
to a table that has some.
"""


def describe(bench) -> str:
    libraries = [f"{library} {version(library)}" for library in LIBRARIES]
    lines = [
        ["processor", f"{processor()}, {os.cpu_count()} cores; servers and clients share them"],
        ["memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"],
        ["system", f"{platform.system()} {platform.release()}"],
        *([server.name, server.version() + ", flush at commit, binary log on"] for server in bench.servers),
        ["rowscore", f"{said('git', 'describe', '--always', '--dirty')}, {said('rustc', '--version')}"],
        ["Python", ", ".join([platform.python_version(), client.NAME, *libraries])],
        ["load before", f"{bench.load:.1f}"],
        [
            "two programs at once",
            f"each at {min(bench.speeds):.2f} to {max(bench.speeds):.2f} × the speed of one alone",
        ],
    ]
    text = f"""Written by `{bench.command}` on {datetime.date.today()}. Times differ from machine to machine; ratios
    differ less. The contenders of a table take turns on the same freshly copied items. A ratio is the median of
    the rounds' ratios, and a time is the median of the rounds' times. Memory is the highest resident memory. CPU is
    the client's user and system time. Two lanes help only if the second core is idle; on a shared machine expect no
    gain. To show how idle it was, two programs that only compute were timed before each part."""
    return f"{prose(text)}\n\n{table(['', ''], lines)}"


def speed_of_two() -> float:
    """Of two programs that only compute, each one's speed, as a share of that of one alone."""
    work = "sum(i * i % 7 for i in range(5_000_000))"
    program = f"import time; begun = time.perf_counter(); {work}; print(time.perf_counter() - begun)"

    def taken(count: int) -> float:
        programs = [
            subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        return statistics.mean(float(program.communicate()[0]) for program in programs)

    return statistics.median(taken(1) / taken(2) for _ in range(3))


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def said(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        print(f"bench: {command[0]} cannot say its version", file=sys.stderr)
        return "unknown"
