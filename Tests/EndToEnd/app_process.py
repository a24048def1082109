"""An app in its own process, so that `kill -9` is real: python3 app_process.py PORT FILE RUN

Each webhook becomes one line of FILE before it is answered: {"run", "peer", "id", "query", "events"}. The next request on the same
HTTP connection proves that the gateway read the answer before it: then a line {"run", "peer", "confirmed": true} comes first.
Every answer accepts or does nothing, and takes a moment.
"""

import asyncio
import json
import os
import sys

MOMENT = 0.003


def main(port, file, run):
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def note(**line):
        os.write(log, json.dumps({"run": run, **line}).encode() + b"\n")

    async def serve(reader, writer):
        peer, answered = writer.get_extra_info("peername")[1], False
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                webhook = json.loads(await reader.readexactly(length))
                if answered:
                    note(peer=peer, confirmed=True)
                connection = webhook["connection"]
                note(peer=peer, id=connection["id"], query=connection["query"], events=webhook["events"])
                await asyncio.sleep(MOMENT)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
                answered = True
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def listen():
        server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024, reuse_address=True)
        async with server:
            note(listening=True)
            await server.serve_forever()

    asyncio.run(listen())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
