"""The example of a model behind an endpoint, as its README says: its packages go with it, and any tool can ask it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import aiohttp
import pytest

from tests.machines.network import Agent, Machines
from tests.machines.renting import ionet, routing, run

EXAMPLE = Path(__file__).parents[2] / "examples" / "language" / "serve.py"
PACKAGES = ("py3langid", "numpy", "numpy.libs")
IGNORED = shutil.ignore_patterns("tests", "__pycache__", "*.pyi")
SENTENCES = {
    "de": "Wo ist der nächste Bahnhof, bitte?",
    "fr": "Où est la gare la plus proche, s'il vous plaît ?",
    "ja": "一番近い駅はどこですか。",
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install --target packages py3langid` makes, from where it is installed already."""
    python = subprocess.run(
        ["/usr/bin/python3", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]  # fmt: skip
    if python.rpartition(".")[0] != sysconfig.get_python_version():
        pytest.skip(f"the sandbox has Python {python}, for which other packages are needed")
    folder = tmp_path_factory.mktemp("example") / "packages"
    folder.mkdir()
    for name in PACKAGES:
        shutil.copytree(Path(sysconfig.get_path("purelib")) / name, folder / name, ignore=IGNORED)
    return folder


async def test_a_model_is_deployed_called_and_paid_for(machines: Machines, ann: Agent, packages: Path) -> None:
    """Healthy, and right in three languages: by a signed call, and for any tool on a local port."""
    await asyncio.to_thread(machines.renter, "rita")
    async with routing(machines, ann.node):
        deployed = await run(
            *(machines, "rita", "job", "deploy", "--class", "CPU", "--port", "8080", "--health", "/health"),
            *(
                "--env",
                "PYTHONPATH=/work/in/packages",
                "--env",
                "TMPDIR=/work",
                "--input",
                str(EXAMPLE),
                "--input",
                str(packages),
            ),
            *("--yes", "--json", "--", "python3", "/work/in/serve.py"),
        )
        assert deployed.code == 0, deployed.stderr
        job = deployed.json["job"]
        called = await run(machines, "rita", "job", "call", job, "/", "--data", SENTENCES["de"])
        assert json.loads(called.stdout)["language"] == "de", called.stderr
        async with ionet(machines, "rita", "job", "forward", job, "--listen", "127.0.0.1:0", "--json") as forward:
            assert forward.stdout is not None
            said = ""
            while not said.endswith("}\n"):
                said += (await asyncio.wait_for(forward.stdout.readline(), 60)).decode()
            async with aiohttp.ClientSession() as session:
                for language, text in SENTENCES.items():
                    async with session.post(json.loads(said)["url"], data=text.encode()) as answer:
                        assert (answer.status, (await answer.json())["language"]) == (200, language)
        cancelled = await run(machines, "rita", "job", "cancel", job, "--json")
        assert cancelled.json["state"] == "settled" or cancelled.json["state"] == "cancelled"
