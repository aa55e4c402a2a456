"""A TCP proxy in a thread that can delay what passes, or hold it back: a slow database."""

import asyncio
import threading

from benchmarks.processes import free_port


class SlowProxy:
    """Passes bytes to 127.0.0.1:`target`, those towards the target after `delay` seconds."""

    def __init__(self, target: int) -> None:
        self.port, self.delay = free_port(), 0.0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SlowProxy":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(
            self._pass(reader, there[1], delayed=True), self._pass(there[0], writer)
        )

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, delayed: bool = False
    ) -> None:
        try:
            while data := await source.read(65536):
                if delayed and self.delay:
                    await asyncio.sleep(self.delay)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()
