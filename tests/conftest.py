"""What every test run says about itself, and the instruction sets to run on."""

import platform
from collections.abc import Iterator

import numpy as np
import pytest

from kudari import _core, cpu


def pytest_report_header() -> list[str]:
    build = _core.build_info()
    return [
        f"kudari {build['version']}, {build['compiler']}, {build['flags']}",
        f"python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}",
        f"isa {cpu.active()} of {', '.join(cpu.available())}; threads {cpu.get_num_threads()}",
    ]


@pytest.fixture(params=cpu.available())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set in turn, in use while the test runs."""
    before = cpu.active()
    cpu.use(request.param)
    yield request.param
    cpu.use(before)
