"""Programs that send requests: to the application within the test, and to a server of its own."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from tests.patience import PATIENCE
from tests.web.office import PASSWORD

BASE = "/engine-rest"


class Machine:
    """A program that sends requests to the application."""

    def __init__(self, app: FastAPI, address: str = "127.0.0.1", **headers: str) -> None:
        self.app, self.address, self.headers = app, address, headers

    def get(self, path: str) -> httpx.Response:
        """Ask."""
        return self.request("GET", path)

    def evaluate(self, path: str, query: str = "", **variables: Any) -> httpx.Response:
        """Take a decision over typed variables."""
        body = json.dumps({"variables": variables})
        headers = {"Content-Type": "application/json"}
        return self.request(
            "POST", f"/decision-definition/{path}/evaluate{query}", content=body, headers=headers
        )

    def deploy(self, files: dict[str, bytes], **fields: str) -> httpx.Response:
        """Send files, each under its own name."""
        sent = {name: (name, content, "application/octet-stream") for name, content in files.items()}
        fields = {"deployment-name": "test", "deployment-source": "test"} | {
            name.replace("_", "-"): value for name, value in fields.items()
        }
        return self.request("POST", "/deployment/create", data=fields, files=sent)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._request(method, BASE + path, **more)).result()

    async def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(self.address, 50_000))
        headers = {"Host": "127.0.0.1:8000"} | self.headers | more.pop("headers", {})
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, path, headers=headers, **more)


def basic(account: str, password: str = PASSWORD) -> str:
    """The header of somebody."""
    return "Basic " + base64.b64encode(f"{account}:{password}".encode()).decode()


@dataclass(frozen=True)
class Live:
    """A server of its own, asked as its admin."""

    address: str
    account: str = "admin"

    @property
    def base(self) -> str:
        """Where the interface is."""
        return self.address + BASE

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request."""
        auth = (self.account, PASSWORD)  # plain HTTP: reading certificates would only take time
        return httpx.request(method, self.base + path, auth=auth, timeout=PATIENCE, verify=False, **more)

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a question."""
        answer = self.request("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 204) -> Any:
        """Send something that is taken."""
        answer = self.request("POST", path, json=body)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def deploy(self, **files: bytes) -> dict[str, Any]:
        """Deploy diagrams by their keys to the sandbox."""
        sent = {f"{key}.bpmn": (f"{key}.bpmn", content, "text/xml") for key, content in files.items()}
        answer = self.request("POST", "/deployment/create", data={"deployment-name": "test"}, files=sent)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def start(self, key: str, **variables: Any) -> str:
        """Begin a case in the sandbox; gives its id."""
        body = {"variables": {name: {"value": value} for name, value in variables.items()}}
        return str(self.post(f"/process-definition/key/{key}/start", body, 200)["id"])

    def fetch(self, topic: str, worker: str = "w", lock: int = 60_000, **more: Any) -> list[dict[str, Any]]:
        """Fetch work of a topic."""
        topics = [{"topicName": topic, "lockDuration": lock, **more.pop("filters", {})}]
        body = {"workerId": worker, "maxTasks": 10, "topics": topics, **more}
        return list(self.post("/external-task/fetchAndLock", body, 200))

    def values(self, case: str) -> Mapping[str, Any]:
        """The variables of a case."""
        found = self.get(f"/process-instance/{case}/variables")
        return {name: variable["value"] for name, variable in found.items()}
