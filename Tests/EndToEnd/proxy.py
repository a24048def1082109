"""A small HTTP proxy that writes down what it is asked for: `CONNECT` tunnels and nothing else."""

import socket
import threading


class Proxy:
    """`requests` has the head of each request. `refuse` is a status in the place of 200; `credentials` (name, password) stand in its URL."""

    def __init__(self, refuse=None, credentials=None):
        self.refuse, self.credentials, self.requests, self._sockets = refuse, credentials, [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            connection.close()

    @property
    def url(self):
        user = f"{self.credentials[0]}:{self.credentials[1]}@" if self.credentials else ""
        return f"http://{user}127.0.0.1:{self.port}"

    def transcript(self):
        return "\n".join(map(repr, self.requests))

    @property
    def targets(self):
        """Whom it was asked to connect to."""
        return [request.split(b" ")[1].decode() for request in self.requests if request.startswith(b"CONNECT ")]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := connection.recv(65536)):
                    return
                head += data
            self.requests.append(head)
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            if method != "CONNECT" or self.refuse:
                connection.sendall(f"HTTP/1.1 {self.refuse or 405} No\r\ncontent-length: 0\r\n\r\n".encode())
                return connection.close()
            host, _, port = target.rpartition(":")
            # Names that end in .test are only known here.
            inner = socket.create_connection(("127.0.0.1" if host.endswith(".test") else host.strip("[]"), int(port)))
            self._sockets.append(inner)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=self._pump, args=(inner, connection), daemon=True).start()
            self._pump(connection, inner)
        except OSError:
            connection.close()

    @staticmethod
    def _pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
