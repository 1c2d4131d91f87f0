"""Requests made up from the OpenAPI document, sound and unsound, by people of every role.

No answer is an error of ours, nor of a status or kind that the document does not name.
"""

import os

import pytest
import schemathesis
from attacking import Attacked
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.access.rules import RULES
from app.access.viewer import RIGHTS, Role
from app.api.route import PREFIX

# Made up for each route: few enough for every run, and as many as one likes in `make attack`.
TRIES = int(os.environ.get("ATTACKS", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Whose answer does not end.
STREAMS = "stream"


@pytest.fixture(scope="module")
def operations(service: Attacked) -> list[APIOperation]:
    schema = schemathesis.openapi.from_dict(service.app.openapi())
    return [found.ok() for found in schema.get_all_operations()]


def roles(operation: APIOperation) -> list[Role]:
    """Who is not refused before what they send is looked at; all, where each is or none."""
    what = f"{operation.method.upper()} {operation.path.removeprefix(PREFIX)}"
    wanted = set(RULES[what].rights) if what in RULES else set()
    return [role for role in Role if RIGHTS[role].keys() >= wanted] or list(Role)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_no_made_up_request_breaks_anything(
    service: Attacked, operations: list[APIOperation], method: str, mode: GenerationMode
) -> None:
    faults: dict[str, str] = {}
    for operation in operations:
        if operation.method.upper() == method:
            fault = first_fault(service, operation, mode)
            if fault:
                faults[operation.label] = fault
    assert not faults, "\n\n".join(f"{label}: {fault}" for label, fault in faults.items())


def first_fault(service: Attacked, operation: APIOperation, mode: GenerationMode) -> str:
    """What is wrong with the first answer that is wrong; "" where none is."""

    @settings(
        max_examples=TRIES,
        deadline=None,
        database=None,
        derandomize="ATTACKS" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), role=st.sampled_from(roles(operation)))
    def attack(case: Case, role: Role) -> None:
        if case.query and case.query.get("f") == STREAMS:
            return
        shown = service.shown["device" if case.path.startswith("/ingest") else role.value]
        case.headers = {**(case.headers or {}), **shown}
        response = case.call(base_url="http://testserver", session=service.client)
        case.validate_response(response, checks=CHECKS)

    try:
        attack()
    except Unsatisfiable:  # a route that asks for nothing can be asked nothing wrong
        return ""
    except (Exception, BaseExceptionGroup) as exc:  # noqa: BLE001 -- schemathesis has its own kinds
        return f"{type(exc).__name__}: {one_line(exc)}"
    return ""


def one_line(exc: BaseException) -> str:
    """What failed, and the request with which it does so again."""
    found = exc.exceptions if isinstance(exc, BaseExceptionGroup) else (exc,)
    return "; ".join(" ".join(str(one).split())[:600] for one in found)
