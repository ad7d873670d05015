"""A real HTTP server that answers like an OpenAI-compatible endpoint, and counts."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def score_of(text):
    """The label that the endpoint gives: the number of its word `good`, at most 5."""
    return min(5, text.split().count("good"))


class Endpoint:
    """Serves until closed. `script` is what to do with the next requests, in order.

    A step is a status to answer with, (status, headers), a text to answer instead, or "die": close
    the connection in the middle of a reply. A reply takes so many `seconds`.
    """

    def __init__(self, script=(), *, usage=True, seconds=0.0):
        self.script = list(script)
        self.requests = []
        self.headers = []
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with endpoint._lock:
                    endpoint.requests.append(body)
                    endpoint.headers.append(dict(self.headers))
                    step = endpoint.script.pop(0) if endpoint.script else None
                self._answer(body, step, self.path)

            def _answer(self, body, step, path):
                if path != "/v1/chat/completions":
                    step = 404
                if isinstance(step, int | tuple):
                    status, headers = step if isinstance(step, tuple) else (step, {})
                    self._send(status, b'{"error": "scripted"}', headers)
                    return
                time.sleep(seconds)
                prompt = body["messages"][0]["content"]
                text = prompt.partition("BEGIN TEXT-----")[2].partition("-----END TEXT")[0]
                said = step if isinstance(step, str) else f"A reason.\nScore: {score_of(text)}"
                reply = {"choices": [{"message": {"role": "assistant", "content": said}}]}
                if usage:
                    reply["usage"] = {"prompt_tokens": 1000, "completion_tokens": 100}
                encoded = json.dumps(reply).encode()
                if step == "die":
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(encoded)))
                    self.end_headers()
                    self.wfile.write(encoded[:20])
                    self.close_connection = True
                    return
                self._send(200, encoded, {})

            def _send(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
