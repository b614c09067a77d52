"""A small service whose behaviour its environment decides: what it needs, how it starts and ends.

NAME, PORT, HEALTH_PATH; NEEDS (`host:port` list that must answer before it serves, else it exits
after PATIENCE seconds); REQUIRED (variables that must be set); START_SECONDS; MEMORY_MIB;
EXIT_CODE.
"""

import os
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def log(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def reach(address: str, patience: float) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=3).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise
            log(f"waiting for {address}: {error}")
            time.sleep(2)
        else:
            log(f"reached {address}")
            return


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path in {"/", os.environ.get("HEALTH_PATH", "/healthz")}
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(b"ok\n" if known else b"not found\n")


def main() -> None:
    name, port = os.environ.get("NAME", "app"), int(os.environ.get("PORT", "8080"))
    for variable in os.environ.get("REQUIRED", "").split():
        log(f"{variable} is {len(os.environ[variable])} characters long")
    time.sleep(float(os.environ.get("START_SECONDS", "0")))
    for address in os.environ.get("NEEDS", "").split():
        reach(address, float(os.environ.get("PATIENCE", "5")))
    ballast = bytearray(int(os.environ.get("MEMORY_MIB", "0")) * 2**20)
    if "EXIT_CODE" in os.environ:
        log("cannot go on")
        sys.exit(int(os.environ["EXIT_CODE"]))
    log(f"{name} listening on 0.0.0.0:{port} ({len(ballast)} bytes held)")
    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)  # noqa: S104 # inside a pod
    server.serve_forever()


if __name__ == "__main__":
    main()
