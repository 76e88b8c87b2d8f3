import { connect, createServer, type Socket } from 'node:net';

/** A cable to a server that is pulled after so many bytes from there, without a word; who connects anew has another. */
export async function layCable(url: string) {
  const to = new URL(url);
  const sockets: Socket[] = [];
  const cuts: (() => void)[] = [];
  let left = Number.POSITIVE_INFINITY;
  const server = createServer((client) => {
    const there = connect(Number(to.port), to.hostname);
    sockets.push(client, there);
    let isCut = false;
    cuts.push(() => {
      isCut = true;
    });
    client.on('data', (data) => !isCut && there.write(data));
    there.on('data', (data) => {
      if (isCut) return;
      client.write(data.subarray(0, left));
      left -= data.length;
      if (left > 0) return;
      isCut = true;
      left = Number.POSITIVE_INFINITY;
    });
    for (const socket of [client, there])
      socket.on('error', () => socket.destroy()).on('close', () => [client, there].map((own) => own.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(url);
  own.host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return {
    url: own.href,
    cutAfter: (bytes: number) => {
      left = bytes;
    },
    /** All that are laid now. */
    cut: () => {
      for (const cut of cuts) cut();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
