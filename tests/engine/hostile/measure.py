"""Reads every hostile file within a hard limit of memory and tells what each cost; a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time

from server.bundles.archive import ArchiveRefused, read_zip
from server.bundles.manifest import ManifestRefused, read_manifest
from server.bundles.scenario_files import ScenarioRefused, read_scenario
from server.engine.load import load
from server.engine.model import Finding
from tests.engine.hostile.attacks import Attack, attacks

MEMORY = 1_500 * 1024 * 1024


def findings(attack: Attack) -> tuple[bool, list[Finding]]:
    """Whether the file was let in, and what was said about it."""
    try:
        if attack.file.endswith(".zip"):
            read_zip(attack.data)
        elif attack.file.endswith(".toml"):
            read_manifest(attack.data)
        elif attack.file.endswith(".yaml"):
            read_scenario(attack.data, attack.file)
        else:
            model, found = load({attack.file: attack.data})
            return model is not None, list(found)
    except (ArchiveRefused, ManifestRefused, ScenarioRefused) as refused:
        return False, [refused.finding]
    return True, []


def peak() -> int:
    """The largest memory this process has used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for attack in attacks():
        before, started = peak(), time.process_time()
        entered, found = findings(attack)
        told = {
            "name": attack.name,
            "code": attack.code,
            "entered": entered,
            "codes": [f.code for f in found],
            "texts": [f.text()[:2_000] for f in found],
            "help": [f.help() for f in found],
            "seconds": time.process_time() - started,
            "megabytes": peak() - before,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
