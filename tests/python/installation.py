"""Flare under test, and the client code that grpcio-tools generates from its proto files."""

import importlib
import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import grpc
import grpc_tools.protoc
import pg8000.native
from grpc_health.v1 import health_pb2, health_pb2_grpc

BINARY = os.environ["FLARE_TEST_BINARY"]
PROTO = pathlib.Path(os.environ["FLARE_TEST_PROTO"])
PASSPHRASE = "seventeen herons at the weir"
ROLES = ("identity", "intake", "triage", "grants", "notification")

_generated = tempfile.TemporaryDirectory()


def generate():
    """Generates the client as any user of Flare would, with a tool that Flare's authors did not write."""
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    bundled = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{PROTO}", f"-I{bundled}", f"--python_out={_generated.name}", f"--grpc_python_out={_generated.name}"]
    if grpc_tools.protoc.main([*arguments, *files]) != 0:
        raise RuntimeError("grpcio-tools refuses the proto files")
    sys.path.insert(0, _generated.name)


def module(name):
    """A generated module, such as `flare.intake.v1.intake_pb2`."""
    return importlib.import_module(name)


class Installation:
    """All roles in one process: embedded, or on PostgreSQL, RabbitMQ and Redis."""

    def __init__(self, *, distributed=False):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        self.address = f"127.0.0.1:{_free_port()}"
        self.prefix = f"py{secrets.token_hex(4)}."
        self.schema_prefix = f"py{secrets.token_hex(4)}_"
        self._log = open(self.folder / "log", "wb")
        environment = {**os.environ, **self._settings()}
        if distributed:
            environment.update(self._distributed())
        self._process = subprocess.Popen(
            [BINARY, "run"], env=environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        try:
            self.channel = grpc.insecure_channel(self.address)
            self._wait_until_it_serves()
        except BaseException:
            self.stop()
            raise

    def _settings(self):
        return {
            "FLARE__MODE__DATA_DIR": str(self.folder / "data"),
            "FLARE__SERVER__LISTEN": self.address,
            "FLARE__PORTAL__LISTEN": "",
            "FLARE__LIMITS__ANONYMOUS_CALLS_PER_MINUTE": "100000",
        }

    def _distributed(self):
        key, code = self.folder / "service.key", self.folder / "setup-code"
        key.write_text(secrets.token_hex(32) + "\n")
        key.chmod(0o600)
        code.write_text(secrets.token_hex(16) + "\n")
        (self.folder / "data" / "files").mkdir(parents=True)
        return {
            "FLARE__MODE__KIND": "distributed",
            "FLARE__DATABASE__URL": os.environ["FLARE_TEST_POSTGRES"],
            "FLARE__DATABASE__SCHEMA_PREFIX": self.schema_prefix,
            "FLARE__DATABASE__MAX_CONNECTIONS": "4",
            "FLARE__BROKER__URL": os.environ["FLARE_TEST_RABBITMQ"],
            "FLARE__BROKER__PREFIX": self.prefix,
            "FLARE__CACHE__URL": os.environ["FLARE_TEST_REDIS"],
            "FLARE__FILES__DIR": str(self.folder / "data" / "files"),
            "FLARE__SERVICE__KEY_FILE": str(key),
            "FLARE__SERVICE__SETUP_CODE_FILE": str(code),
        }

    def _wait_until_it_serves(self):
        health = health_pb2_grpc.HealthStub(self.channel)
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = health.Check(health_pb2.HealthCheckRequest(), timeout=5, wait_for_ready=True)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Flare does not serve:\n" + (self.folder / "log").read_text())
            time.sleep(0.05)

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()

    def person(self, name):
        """Somebody at the command line."""
        return Person(self, name)

    def found(self, staff):
        """Founds the organisation and brings these people in: (name, roles, team)."""
        setup_code = self.folder / "setup-code"
        if not setup_code.exists():
            setup_code = self.folder / "data" / "setup-code"
        admin = self.person("ada")
        key, code = admin.path("organisation.key"), admin.path("code")
        founded = admin.flare(
            "staff", "init", "--name", "Help Desk", "--admin", "ada", "--setup-code-file", str(setup_code),
            "--organisation-key-file", key, "--code-file", code,
        )
        self.organisation = founded["organisation_fingerprint"]
        admin.enrol_and_log_in(code)
        people = {"ada": admin}
        for name, roles, team in staff:
            person = people[name] = self.person(name)
            code = person.path("code")
            admin.flare("staff", "invite", name, "--roles", roles, "--code-file", code)
            keys = person.enrol(code)
            admin.flare(
                "staff", "admit", name, "--team", team, "--organisation-key-file", key, "--fingerprint", keys,
            )
            person.log_in()
        for row in admin.flare("staff", "list")["staff"]:
            people[row["name"]].id = row["staff_id"]
        return people


class Person:
    """One person's profile folder and files."""

    def __init__(self, installation, name):
        self._installation = installation
        self.name = name
        self.id = None
        self._folder = installation.folder / name
        self._folder.mkdir(exist_ok=True)

    def path(self, name):
        return str(self._folder / name)

    def words(self, text):
        """A file with words in it, for options such as --text-file."""
        path = self.path(f"words-{secrets.token_hex(4)}")
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return path

    def flare(self, *arguments):
        """Runs a command that must succeed; its JSON document."""
        profile = self.path("profile")
        command = [BINARY, "--json", *arguments, "--server", self._installation.address, "--profile", profile]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout)

    def enrol(self, code):
        """Gives the fingerprint of their keys."""
        pathlib.Path(self.path("passphrase")).write_text(PASSPHRASE, encoding="utf-8")
        passphrase = self.path("passphrase")
        done = self.flare("staff", "enrol", self.name, "--code-file", code, "--passphrase-file", passphrase)
        return done["key_fingerprint"]

    def log_in(self):
        passphrase, organisation = self.path("passphrase"), self._installation.organisation
        self.flare("login", self.name, "--passphrase-file", passphrase, "--organisation", organisation)

    def enrol_and_log_in(self, code):
        self.enrol(code)
        self.log_in()

    def credentials(self):
        """Metadata for calls as this person, from the session that their profile keeps."""
        session = json.loads(pathlib.Path(self.path("profile/session.json")).read_text(encoding="utf-8"))
        identity = module("flare.identity.v1.identity_pb2")
        stub = module("flare.identity.v1.identity_pb2_grpc").IdentityStub(self._installation.channel)
        fresh = stub.RefreshAccess(identity.RefreshAccessRequest(session=bytes.fromhex(session["session"])), timeout=10)
        return (("authorization", f"Bearer {fresh.access_token}"),)


def connect(url):
    """A connection to PostgreSQL."""
    parts = urllib.parse.urlsplit(url)
    return pg8000.native.Connection(
        parts.username or "postgres",
        host=parts.hostname,
        port=parts.port or 5432,
        database=parts.path.lstrip("/") or None,
        password=urllib.parse.unquote(parts.password) if parts.password else None,
    )


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
