"""A model behind an endpoint: says in which of some 140 languages a text is. Runs on any CPU, from packages alone.

`POST /` with a text answers `{"language": "de", "score": -112.9}`; `GET /health` answers when the model is loaded.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import py3langid

PORT = 8080
MAX_BYTES = 1_000_000


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Whether it serves."""
        self._answer(200 if self.path == "/health" else 404, {"ready": self.path == "/health"})

    def do_POST(self) -> None:
        """Which language a text is in."""
        size = int(self.headers.get("Content-Length") or 0)
        if size > MAX_BYTES:
            self._answer(413, {"error": f"a text has up to {MAX_BYTES} bytes"})
            return
        language, score = py3langid.classify(self.rfile.read(size).decode(errors="replace"))
        self._answer(200, {"language": language, "score": float(score)})

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    py3langid.classify("The model is loaded at its first use.")
    print(f"serving on port {PORT}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
