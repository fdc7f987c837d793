"""A client of the live feed that shares no code with it: Debian's python3-websockets. Prints the frames that it gets, one a line."""
import asyncio
import json
import sys

import websockets


async def until(socket, kind):
    while True:
        text = await socket.recv()
        frame = json.loads(text)
        print(text, flush=True)
        if frame["type"] == kind:
            return frame


async def send(socket, **frame):
    await socket.send(json.dumps(frame))


async def main(url):
    headers = {"Authorization": "Bearer ada"}
    async with websockets.connect(url, subprotocols=["task-system.v1"], extra_headers=headers) as socket:
        print(json.dumps({"type": "subprotocol", "name": socket.subprotocol}), flush=True)
        await send(socket, type="hello")
        await until(socket, "welcome")
        await send(socket, type="sub", id="a", topics=["tasks"], since={"epoch": "", "offset": 0}, snapshot=True)
        await until(socket, "subok")
        await send(socket, type="submit", id="b", options={"type": "research", "input": "h\u00e9llo \u2713"})
        await until(socket, "done")
        await until(socket, "ev")
        await send(socket, type="get", id="c", taskId="none")
        await until(socket, "done")
        await send(socket, type="cancel", id="d", taskId="forbidden")
        await until(socket, "err")
        await (await socket.ping())
        await send(socket, type="ping", t=7)
        await until(socket, "pong")
        await socket.send("x" * 70_000)
        try:
            await until(socket, "bye")
        except websockets.ConnectionClosed as closed:
            print(json.dumps({"type": "closed", "code": closed.code}), flush=True)


asyncio.run(main(sys.argv[1]))
