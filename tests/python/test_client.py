"""Flare's API through a client that somebody else's tools generated, and its queues through somebody else's library."""

import contextlib
import hashlib
import json
import os
import secrets
import time
import unittest
from datetime import date, timedelta

import grpc
import pika
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

from installation import Installation, connect, generate, module

STAFF = [("mara", "officer,head", "triage"), ("ines", "approver", "approvers")]
SERVICES = {
    "flare.identity.v1.Identity",
    "flare.intake.v1.Intake",
    "flare.triage.v1.Triage",
    "flare.grants.v1.Grants",
    "flare.notification.v1.Notification",
    "flare.events.v1.EventLog",
}


def setUpModule():
    generate()


def case_id(receipt):
    """The id of the case that a receipt with these public keys opens, from the comment in proto/."""
    parts = (b"flare/v1/case-id", receipt.encryption_key, receipt.signing_key)
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()[:16]
    # Crockford's base32, without padding: 130 bits, the last two of them 0.
    number = int.from_bytes(digest, "big") << 2
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "case_" + "".join(alphabet[number >> shift & 31] for shift in range(125, -1, -5))


def refusal(error):
    """The reason and the field violations that a refused call carries, as google.rpc has them."""
    status = rpc_status.from_call(error)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info.reason, {violation.field: violation.description for violation in bad.field_violations}


class Embedded(unittest.TestCase):
    """One installation for all of these."""

    @classmethod
    def setUpClass(cls):
        cls.flare = Installation()
        cls.addClassCleanup(cls.flare.stop)
        cls.people = cls.flare.found(STAFF)
        cls.common = module("flare.common.v1.common_pb2")
        cls.intake = module("flare.intake.v1.intake_pb2")
        cls.triage = module("flare.triage.v1.triage_pb2")
        cls.identity = module("flare.identity.v1.identity_pb2")
        cls.intake_stub = module("flare.intake.v1.intake_pb2_grpc").IntakeStub(cls.flare.channel)
        cls.triage_stub = module("flare.triage.v1.triage_pb2_grpc").TriageStub(cls.flare.channel)
        cls.identity_stub = module("flare.identity.v1.identity_pb2_grpc").IdentityStub(cls.flare.channel)

    def submission(self, **changes):
        """A request whose sealed parts are noise: no service could tell."""
        field = lambda name: self.common.SealedField(
            name=name, epoch=1, version=1, ciphertext=secrets.token_bytes(24 + 64 + 16), tag=secrets.token_bytes(32)
        )
        wrap = lambda to: self.common.KeyWrap(recipient=to, generation=1, wrapped=secrets.token_bytes(1168))
        epoch = lambda of, *readers: self.common.KeyEpoch(compartment=of, epoch=1, wraps=map(wrap, readers))
        # An X-Wing public key is one of ML-KEM-768 (here with every coefficient 0) and one of X25519.
        receipt = self.intake.ReceiptLock(
            lookup_id=secrets.token_bytes(16),
            proof_hash=secrets.token_bytes(32),
            encryption_key=bytes(1152) + secrets.token_bytes(32 + 32),
            signing_key=secrets.token_bytes(32),
        )
        request = self.intake.SubmitRequestRequest(
            request_id=secrets.token_hex(8),
            case_id=case_id(receipt),
            receipt=receipt,
            listing=self.intake.Listing(
                lane_hint=self.common.LANE_CRITICAL, language="en", danger=self.intake.DANGER_YES
            ),
            answers=[field("request.contact"), field("request.happened")],
            keys=[
                epoch(self.common.COMPARTMENT_REQUEST, "team:triage", "recovery"),
                epoch(self.common.COMPARTMENT_THREAD, "team:triage", "recovery", "receipt"),
            ],
        )
        for name, value in changes.items():
            setattr(request, name, value)
        return request

    def refused(self, code, call, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as raised:
            call(*arguments, timeout=10, **options)
        self.assertEqual(raised.exception.code(), code, raised.exception)
        return refusal(raised.exception)

    def test_reflection_tells_every_service_and_who_may_call_it(self):
        database = ProtoReflectionDescriptorDatabase(self.flare.channel)
        told = {name for name in database.get_services() if name.startswith("flare.")}
        self.assertEqual(told, SERVICES)
        access = module("flare.common.v1.access_pb2").access
        for name in SERVICES:
            file = descriptor_pb2.FileDescriptorProto()
            file.ParseFromString(database.FindFileContainingSymbol(name).SerializeToString())
            service = next(service for service in file.service if f"{file.package}.{service.name}" == name)
            self.assertTrue(service.method, name)
            for method in service.method:
                self.assertTrue(method.options.HasExtension(access), f"{name}/{method.name} says not who may call it")
                rule = method.options.Extensions[access]
                self.assertTrue(rule.ListFields(), f"{name}/{method.name} allows nobody")

    def test_health_of_the_process_and_of_each_service(self):
        health = health_pb2_grpc.HealthStub(self.flare.channel)
        for service in ["", *SERVICES]:
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
            self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING, service)

    def test_a_list_is_walked_page_by_page_to_its_end(self):
        sent = {self.intake_stub.SubmitRequest(self.submission(), timeout=10).case_id for _ in range(7)}
        officer = self.people["mara"].credentials()
        deadline = time.monotonic() + 30
        while True:
            walked, pages, token = [], 0, ""
            while True:
                request = self.triage.ListQueueRequest(page_size=3, page_token=token)
                page = self.triage_stub.ListQueue(request, metadata=officer, timeout=10)
                self.assertLessEqual(len(page.cases), 3)
                walked += [case.case_id for case in page.cases]
                pages, token = pages + 1, page.next_page_token
                if not token:
                    break
            if sent <= set(walked):
                break
            self.assertLess(time.monotonic(), deadline, "the requests did not become cases")
            time.sleep(0.05)
        self.assertEqual(len(walked), len(set(walked)), "no case comes twice")
        self.assertGreaterEqual(pages, 3)
        last = page.cases[-1]
        request = self.triage.FindCaseRequest(codename=last.codename)
        found = self.triage_stub.FindCase(request, metadata=officer, timeout=10)
        self.assertEqual(found.case_id, last.case_id)

    def test_a_page_token_that_nobody_gave_is_refused(self):
        officer = self.people["mara"].credentials()
        for request, field in [
            (self.triage.ListQueueRequest(page_token="made up"), "page_token"),
            (self.triage.ListQueueRequest(page_size=100_000), "page_size"),
        ]:
            reason, fields = self.refused(
                grpc.StatusCode.INVALID_ARGUMENT, self.triage_stub.ListQueue, request, metadata=officer
            )
            self.assertEqual((reason, list(fields)), ("INVALID_FIELD", [field]))

    def test_a_refusal_names_reason_field_and_rule(self):
        submit = self.intake_stub.SubmitRequest
        reason, fields = self.refused(grpc.StatusCode.INVALID_ARGUMENT, submit, self.submission(case_id="case_x"))
        self.assertEqual((reason, list(fields)), ("INVALID_FIELD", ["case_id"]))
        lacking = self.submission()
        del lacking.answers[1]
        reason, fields = self.refused(grpc.StatusCode.INVALID_ARGUMENT, submit, lacking)
        self.assertEqual((reason, fields), ("INVALID_FIELD", {"request.happened": "is required"}))

    def test_whoever_shows_nothing_or_not_enough_is_told_so(self):
        list_queue, request = self.triage_stub.ListQueue, self.triage.ListQueueRequest()
        reason, _ = self.refused(grpc.StatusCode.UNAUTHENTICATED, list_queue, request)
        self.assertEqual(reason, "NO_CREDENTIALS")
        forged = (("authorization", "Bearer AAAA"),)
        reason, _ = self.refused(grpc.StatusCode.UNAUTHENTICATED, list_queue, request, metadata=forged)
        self.assertEqual(reason, "BAD_CREDENTIALS")
        approver = self.people["ines"].credentials()
        reason, _ = self.refused(grpc.StatusCode.PERMISSION_DENIED, list_queue, request, metadata=approver)
        self.assertEqual(reason, "NOT_ALLOWED")

    def test_an_unknown_case_looks_like_any_other(self):
        officer = self.people["mara"].credentials()
        request = self.triage.GetCaseRequest(case_id="case_00000000000000000000000000")
        reason, _ = self.refused(grpc.StatusCode.NOT_FOUND, self.triage_stub.GetCase, request, metadata=officer)
        self.assertEqual(reason, "NOT_FOUND")

    def test_the_same_key_and_content_gives_the_first_answer_and_other_content_a_refusal(self):
        request = self.submission()
        first = self.intake_stub.SubmitRequest(request, timeout=10)
        self.assertEqual(self.intake_stub.SubmitRequest(request, timeout=10), first)
        # Sealed anew: other bytes, the same words.
        request.answers[0].ciphertext = secrets.token_bytes(len(request.answers[0].ciphertext))
        self.assertEqual(self.intake_stub.SubmitRequest(request, timeout=10), first)
        request.listing.language = "fr"
        code = grpc.StatusCode.ALREADY_EXISTS
        reason, _ = self.refused(code, self.intake_stub.SubmitRequest, request)
        self.assertEqual(reason, "REQUEST_ID_REUSED")


class Queues(unittest.TestCase):
    """An approver's own tool reads their queue."""

    def setUp(self):
        for name in ("FLARE_TEST_POSTGRES", "FLARE_TEST_RABBITMQ", "FLARE_TEST_REDIS"):
            self.assertTrue(os.environ.get(name), f"{name} must name a server; `cargo xtask test` sets it")
        self.flare = Installation(distributed=True)
        self.addCleanup(self._remove_what_is_left)
        self.addCleanup(self.flare.stop)
        self.people = self.flare.found(STAFF)

    def test_a_vote_that_is_needed_lies_on_the_approvers_queue_as_a_cloud_event(self):
        case, grant = self._grant_that_needs_votes()
        ines = self.people["ines"]
        queue = f"{self.flare.prefix}approver.{ines.id}"
        with pika.BlockingConnection(pika.URLParameters(os.environ["FLARE_TEST_RABBITMQ"])) as connection:
            channel = connection.channel()
            body = None
            for method, properties, body in channel.consume(queue, inactivity_timeout=30):
                self.assertIsNotNone(method, "nothing came within 30 s")
                channel.basic_ack(method.delivery_tag)
                break
            channel.cancel()
        self.assertIn("application/cloudevents+json", properties.content_type)
        event = json.loads(body)
        self.assertEqual(event["specversion"], "1.0")
        self.assertEqual(event["type"], "flare.approval.requested.v1")
        self.assertEqual(event["subject"], grant)
        self.assertEqual((event["data"]["case_id"], event["data"]["grant_id"]), (case, grant))
        for attribute in ("id", "source", "time"):
            self.assertTrue(event[attribute])
        notices = [notice for notice in ines.flare("inbox")["notices"] if notice["grant_id"] == grant]
        self.assertEqual([notice["ask"] for notice in notices], ["vote"])

    def _grant_that_needs_votes(self):
        """A case up to the point at which a grant of it needs votes; returns the ids of both."""
        requester, mara = self.flare.person("requester"), self.people["mara"]
        form = requester.words(json.dumps({"happened": "They took the transmitter.", "contact": "Signal, at night"}))
        case = requester.flare(
            "request", "submit", "--organisation", self.flare.organisation, "--form", form,
            "--receipt-file", requester.path("receipt"),
        )["case_id"]
        self._wait_for_case(mara, case)
        plan = mara.words(json.dumps({"how": "Signal, at night"}))
        mara.flare("case", "acknowledge", case, "--contact-plan-file", plan)
        mara.flare("case", "assess", case, "--lane", "critical")
        need = mara.flare("case", "need", "add", case, "equipment")["need_id"]
        why = mara.words("Off air without it.")
        mara.flare("case", "recommend", case, "--need", need, "--amount", "900.00", "--currency", "EUR", "--text-file", why)
        start, end = date.today(), date.today() + timedelta(days=30)
        words = mara.words("One transmitter.")
        grant = mara.flare(
            "grant", "draft", "--case", case, "--need", need, "--ceiling", "900.00", "--currency", "EUR",
            "--start", f"{start}", "--end", f"{end}", "--pay-by", f"{end}", "--support", "in-kind",
            "--method", "supplier-invoice", "--mode", "reactive", "--trigger", "negative",
            "--scope-file", words, "--budget-file", words, "--beneficiary-file", words,
        )["grant_id"]
        mara.flare("grant", "propose", grant, "--told-by", "phone")
        mara.flare("grant", "submit", grant)
        return case, grant

    def _wait_for_case(self, person, case):
        deadline = time.monotonic() + 30
        while case not in [row["case_id"] for row in person.flare("case", "queue")["cases"]]:
            self.assertLess(time.monotonic(), deadline, "the request did not become a case")
            time.sleep(0.05)

    def _remove_what_is_left(self):
        with pika.BlockingConnection(pika.URLParameters(os.environ["FLARE_TEST_RABBITMQ"])) as connection:
            channel = connection.channel()
            for service in ("identity", "intake", "triage", "grants", "notification"):
                for kind in ("critical", "urgent", "standard", "undecodable"):
                    channel.queue_delete(f"{self.flare.prefix}flare.{service}.{kind}")
            for person in self.people.values():
                channel.queue_delete(f"{self.flare.prefix}approver.{person.id}")
            for exchange in ("flare.events", "flare.approvals"):
                channel.exchange_delete(f"{self.flare.prefix}{exchange}")
        with contextlib.closing(connect(os.environ["FLARE_TEST_POSTGRES"])) as database:
            for service in ("identity", "intake", "triage", "grants", "notification"):
                database.run(f"DROP SCHEMA IF EXISTS {self.flare.schema_prefix}{service} CASCADE")


if __name__ == "__main__":
    unittest.main()
