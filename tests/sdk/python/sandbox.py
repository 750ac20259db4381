"""The sandbox that runs at SANDBOX with its keys in SANDBOX_DIR, and a shop that it can notify."""

import datetime
import http.server
import json
import os
import pathlib
import queue
import secrets
import threading
import urllib.request

SANDBOX = os.environ.get("SANDBOX", "http://127.0.0.1:8090")
DIR = pathlib.Path(os.environ.get("SANDBOX_DIR", "payfold-sandbox"))

V2_ACCEPTED = b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>"


def file(name):
    return (DIR / name).read_text(encoding="utf-8")


def account(gateway):
    return json.loads(file(f"{gateway}/account.json"))


def number(start):
    return f"{start}_{secrets.token_hex(6)}"


def sandbox(path, body):
    """Asks the sandbox's own routes; raises where it refuses."""
    request = urllib.request.Request(f"{SANDBOX}/_sandbox/{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def a_day_on():
    """Lets the sandbox's clock jump past the day after, and says which day today is in China."""
    china = datetime.timezone(datetime.timedelta(hours=8))
    day = datetime.datetime.now(china).date().isoformat()
    sandbox("clock", {"advance_s": 2 * 86_400})
    return day


class Shop:
    """A shop on a free port: keeps what it is sent, and accepts it in the gateway's own form."""

    def __init__(self):
        letters = self._letters = queue.Queue()

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                letters.put((dict(self.headers), body.decode()))
                accept = b"" if body[:1] == b"{" else V2_ACCEPTED if body[:1] == b"<" else b"success"
                self.send_response(200 if accept else 204)
                self.send_header("content-length", str(len(accept)))
                self.end_headers()
                self.wfile.write(accept)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify"

    def notify(self):
        return self._letters.get(timeout=10)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
