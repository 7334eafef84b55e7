"""Measures EZKL's flow from settings to verification on ONNX models, for side-by-side benchmarks.

Owns how EZKL is driven and what one run of it costs. Does not own the comparison: the Rust benchmark calls this script
and reads the JSON object on stdout; everything else, EZKL's own chatter included, goes to stderr.

    python loadtests/ezkl/run.py --work DIR --reps 3 --model M.onnx --input I.json --calibration C.json [--model …]

`--model`, `--input` and `--calibration` come in threes, in order; input files hold {"input_data": [[…]]}. Each step
runs in a process of its own, forked after EZKL was imported, so that CPU-seconds (user and system, all threads) are the
step's alone and Python's start is charged to nobody. On a busy machine only CPU-seconds can be compared. The resident
set of a step includes the ~`base_rss_mb` that the forked interpreter brings along.

Exit status: 0 with the object on stdout, 1 if a step failed, 2 for wrong arguments. Files under DIR are overwritten.
"""

import argparse
import asyncio
import importlib.metadata
import inspect
import json
import os
import platform
import resource
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

MIB_IN_KIB = 1024
# The steps that every request repeats; the others are done once per model.
REPEATED = {"gen_witness", "prove", "verify"}


class StepFailed(Exception):
    """A step of EZKL's flow failed; the message names model, step and EZKL's reason."""


@dataclass(frozen=True)
class Case:
    """One model to measure, with its files."""

    model: Path
    input: Path
    calibration: Path
    work: Path

    def at(self, name: str) -> str:
        return str(self.work / name)


@dataclass(frozen=True)
class Usage:
    """What one process cost."""

    cpu_s: float
    wall_s: float
    max_rss_mb: float


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls an EZKL function; some of them want a running event loop and return an awaitable."""

    async def inside_loop() -> Any:
        result = function(*arguments)
        return await result if inspect.isawaitable(result) else result

    return asyncio.run(inside_loop())


def steps(ezkl: Any, case: Case) -> list[tuple[str, Callable[[], Any]]]:
    """EZKL's flow in order. Steps take what they need from the files that earlier ones wrote."""
    model, data, calibration = str(case.model), str(case.input), str(case.calibration)
    settings, compiled, srs = case.at("settings.json"), case.at("compiled.ezkl"), case.at("kzg.srs")
    vk, pk, witness, proof = case.at("vk"), case.at("pk"), case.at("witness.json"), case.at("proof.json")

    def gen_settings() -> Any:
        chosen = ezkl.PyRunArgs()
        chosen.input_visibility, chosen.output_visibility, chosen.param_visibility = "public", "public", "fixed"
        # A base of 128 instead of 16384 takes the range-check table, and with it the smallest circuit, from 2^15 rows
        # to 2^10 or less: much cheaper for models of this size.
        chosen.decomp_base, chosen.decomp_legs = 128, 4
        return call(ezkl.gen_settings, model, settings, chosen)

    def calibrate() -> Any:
        return call(ezkl.calibrate_settings, calibration, model, settings, "resources", 2.0, None, [1], None)

    return [
        ("gen_settings", gen_settings),
        ("calibrate", calibrate),
        ("compile", lambda: call(ezkl.compile_circuit, model, compiled, settings)),
        # Random secret, forgotten at once: good for timing, never for proofs that anyone relies on.
        ("gen_srs", lambda: call(ezkl.gen_srs, srs, read_json(Path(settings))["run_args"]["logrows"])),
        ("setup", lambda: call(ezkl.setup, compiled, vk, pk, srs)),
        ("gen_witness", lambda: call(ezkl.gen_witness, data, compiled, witness)),
        ("prove", lambda: call(ezkl.prove, witness, compiled, pk, proof, srs)),
        ("verify", lambda: call(ezkl.verify, proof, settings, vk, srs)),
    ]


def in_child(step: Callable[[], Any], cpu_limit_s: int, write_end: int) -> NoReturn:
    """Runs the step in the forked process and leaves it; the reason of a failure goes through the pipe."""
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit_s, cpu_limit_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = 0
    try:
        if step() is False:
            raise RuntimeError("returned false")
    except BaseException as reason:  # a panic in EZKL is no `Exception`
        os.write(write_end, f"{type(reason).__name__}: {reason}".encode(errors="replace")[:4000])
        status = 1
    os._exit(status)


def measure(label: str, step: Callable[[], Any], cpu_limit_s: int) -> Usage:
    """Runs the step in a child process and waits for it. Raises `StepFailed`."""
    sys.stdout.flush()
    sys.stderr.flush()
    read_end, write_end = os.pipe()
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        in_child(step, cpu_limit_s, write_end)
    os.close(write_end)
    try:
        _, status, usage = os.wait4(pid, 0)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    wall_s = time.monotonic() - begin
    with os.fdopen(read_end, "rb") as pipe:
        reason = pipe.read().decode(errors="replace")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        hint = f" (limit of {cpu_limit_s} CPU-seconds)" if number == signal.SIGXCPU else ""
        raise StepFailed(f"{label}: killed by {signal.Signals(number).name}{hint}")
    if status != 0:
        raise StepFailed(f"{label}: {reason or f'exit status {os.waitstatus_to_exitcode(status)}'}")
    return Usage(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / MIB_IN_KIB)


def summary(usages: list[Usage]) -> dict[str, float | int]:
    """Least and median times, greatest resident set."""
    cpu, wall = [u.cpu_s for u in usages], [u.wall_s for u in usages]
    return {
        "reps": len(usages),
        "cpu_s": round(min(cpu), 4),
        "cpu_s_median": round(statistics.median(cpu), 4),
        "wall_s": round(min(wall), 4),
        "wall_s_median": round(statistics.median(wall), 4),
        "max_rss_mb": round(max(u.max_rss_mb for u in usages), 1),
    }


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def proof_bytes(proof: dict[str, Any]) -> int:
    """Length of the proof proper, without public inputs; EZKL writes it as a list of bytes, or as hex."""
    body = proof["proof"]
    return len(body.removeprefix("0x")) // 2 if isinstance(body, str) else len(body)


def run_case(ezkl: Any, case: Case, reps: int, cpu_limit_s: int) -> dict[str, Any]:
    """Runs the whole flow on one model. Raises `StepFailed`."""
    case.work.mkdir(parents=True, exist_ok=True)
    name, measured = case.model.stem, {}
    for label, step in steps(ezkl, case):
        times = reps if label in REPEATED else 1
        usages = [measure(f"{name}: {label} failed", step, cpu_limit_s) for _ in range(times)]
        measured[label] = summary(usages)
        print(f"{name}: {label} {measured[label]}", file=sys.stderr, flush=True)
    settings, proof = read_json(case.work / "settings.json"), read_json(case.work / "proof.json")
    run_args = settings["run_args"]
    return {
        "model": name,
        "logrows": run_args["logrows"],
        "rows_used": settings["num_rows"],
        "input_scale": run_args["input_scale"],
        "param_scale": run_args["param_scale"],
        "decomp_base": run_args["decomp_base"],
        "decomp_legs": run_args["decomp_legs"],
        "proof_bytes": proof_bytes(proof),
        "vk_bytes": (case.work / "vk").stat().st_size,
        "pk_bytes": (case.work / "pk").stat().st_size,
        "public_inputs": sum(len(column) for column in proof["instances"]),
        "outputs": [float(v) for v in proof["pretty_public_inputs"]["rescaled_outputs"][0]],
        "steps": measured,
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures EZKL on ONNX models; JSON on stdout.")
    for option, what in [
        ("model", "ONNX file"),
        ("input", "input to prove"),
        ("calibration", "inputs to calibrate on"),
    ]:
        parser.add_argument(f"--{option}", type=Path, action="append", required=True, help=what)
    parser.add_argument("--work", type=Path, required=True, help="folder for EZKL's files, one folder in it per model")
    parser.add_argument("--reps", type=int, default=3, help="repetitions of the steps that every request repeats")
    parser.add_argument("--cpu-limit-s", type=int, default=1800, help="CPU-seconds after which a step is ended")
    given = parser.parse_args()
    if not len(given.model) == len(given.input) == len(given.calibration):
        counts = f"{len(given.model)} models, {len(given.input)} inputs, {len(given.calibration)} calibrations"
        parser.error(f"expected as many inputs and calibrations as models, got {counts}")
    if given.reps < 1 or given.cpu_limit_s < 1:
        parser.error("--reps and --cpu-limit-s must be at least 1")
    for path in [*given.model, *given.input, *given.calibration]:
        if not path.is_file():
            parser.error(f"no such file: {path}")
    return given


def load_ezkl(work: Path) -> Any:
    """Imports EZKL with its cache below the work folder instead of in the user's home."""
    os.environ["EZKL_REPO_PATH"] = str(work / "cache")
    try:
        import ezkl
    except ImportError as reason:
        sys.exit(f"cannot import ezkl: {reason}; install loadtests/ezkl/requirements.txt first")
    return ezkl


def main() -> None:
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    ezkl = load_ezkl(given.work.resolve())
    results = []
    try:
        base = measure("an empty step failed", lambda: None, given.cpu_limit_s)
        for model, data, calibration in zip(given.model, given.input, given.calibration, strict=True):
            paths = [p.resolve() for p in (model, data, calibration, given.work / model.stem)]
            results.append(run_case(ezkl, Case(*paths), given.reps, given.cpu_limit_s))
    except StepFailed as failure:
        sys.exit(str(failure))
    report = {
        "ezkl": importlib.metadata.version("ezkl"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "base_rss_mb": round(base.max_rss_mb, 1),
        "models": results,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
