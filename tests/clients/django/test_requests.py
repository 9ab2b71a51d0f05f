"""HTTP in, rows out: the middleware, ATOMIC_REQUESTS, a pool of one connection."""

import asyncio
import json
import unittest

from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import connections
from django.test import Client

from clinics import CLINICS, reset
from harness import TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, truth


def as_client(token):
    return Client(headers={"Authorization": f"Bearer {token}"})


async def get(path, token):
    """Through Django's ASGI handler, as an asynchronous server calls it."""
    headers = [(b"host", b"testserver")] + ([(b"authorization", f"Bearer {token}".encode())] if token else [])
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    server = ApplicationCommunicator(get_asgi_application(), scope)
    await server.send_input({"type": "http.request"})
    start = await server.receive_output(60)
    body = await server.receive_output(60)
    await server.wait(60)
    return start["status"], body["body"]


class Requests(unittest.TestCase):
    def setUp(self):
        reset()

    def tearDown(self):
        connections.close_all()

    def test_lists_and_pages(self):
        for token, name in CLINICS:
            pages = [as_client(token).get("/patients/", {"page": page}).json() for page in (1, 2)]
            self.assertEqual(pages[0], {"count": 3, "names": [f"{name} patient 123", f"{name} patient 124"]})
            self.assertEqual(pages[1], {"count": 3, "names": [f"{name} patient 125"]})

    def test_create_read_delete(self):
        for token, name in CLINICS:
            self.assertEqual(as_client(token).post("/patients/", {"id": 7, "name": f"{name} seven"}).status_code, 201)
        for token, name in CLINICS:
            self.assertEqual(as_client(token).get("/patients/7/").json(), {"name": f"{name} seven"})
            self.assertEqual(as_client(token).get("/patients/123/visits/").json()["reasons"], [f"{name} {v}" for v in range(3)])
        self.assertEqual(as_client(TOKEN_NORTH).delete("/patients/7/").status_code, 204)
        self.assertEqual(as_client(TOKEN_NORTH).get("/patients/7/").status_code, 404)
        self.assertEqual(as_client(TOKEN_SOUTH).get("/patients/7/").status_code, 200)

    def test_stream(self):
        for token, name in CLINICS:
            body = as_client(token).get("/export/").getvalue().decode()
            self.assertEqual(sorted(body.split("\n"))[1:], [f"{name} patient {n}" for n in (123, 124, 125)])

    def test_a_view_that_breaks_writes_nothing(self):
        with self.assertRaisesRegex(RuntimeError, "after a write"):
            as_client(TOKEN_NORTH).post("/breaks/")
        self.assertEqual(truth("SELECT count(*) FROM clinic_doctor WHERE name = 'never'"), [0])

    def test_requests_without_a_good_token_are_unauthorised(self):
        clients = [Client(), Client(headers={"Authorization": "Basic bm9yYTp4"})]
        clients += [as_client(token) for token in (TOKEN_FORGED, TOKEN_EXPIRED, TOKEN_NOBODY, TOKEN_NORTH[:-3], "", "x")]
        for _ in range(5):
            for client in clients:
                for path in ("/patients/", "/patients/123/", "/patients/123/visits/", "/export/"):
                    response = client.get(path)
                    self.assertEqual((response.status_code, response.content), (401, b""), path)
            for token, name in CLINICS:
                self.assertEqual(as_client(token).get("/patients/123/").json(), {"name": f"{name} patient 123"})

    def test_what_needs_no_protected_table_needs_no_token(self):
        self.assertEqual(Client().get("/health/").content, b"fine")

    def test_asynchronous_server(self):
        # Threads come and go, tasks share them: sync and async views in one event loop.
        async def crowd():
            jobs = []
            for token, name in CLINICS * 10:
                jobs += [(token, "/counted/", {"count": 3}), (token, "/patients/123/", {"name": f"{name} patient 123"})]
                jobs += [(None, "/counted/", None), (TOKEN_FORGED, "/patients/123/", None)]
            return jobs, await asyncio.gather(*(get(path, token) for token, path, _ in jobs))

        connections.close_all()  # the pool's only connection
        jobs, responses = asyncio.run(crowd())
        for (_, _, expected), (status, body) in zip(jobs, responses, strict=True):
            self.assertEqual(status, 200 if expected else 401, body)
            self.assertEqual(json.loads(body or "null"), expected)

    def test_a_thousand_requests_over_one_connection(self):
        seen, crossed, refused = 0, 0, 0
        clients = [(as_client(token), name) for token, name in CLINICS]
        for n in range(300):
            for client, name in clients:
                names = client.get("/patients/", {"page": n % 2 + 1}).json()["names"]
                seen += len(names)
                crossed += sum(name not in row for row in names)
            refused += Client().get("/patients/").status_code == 401
        print(f"{seen} rows in 600 responses over one connection, {crossed} of the other tenant ... ", end="")
        self.assertEqual((seen, crossed, refused), (900, 0, 300))
