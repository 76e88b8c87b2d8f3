import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { until } from '../../../test/until.ts';

interface Sent {
  path: string;
  body: string;
}

test('traces and figures are sent by OTLP, a caller’s trace is gone on with behind a proxy, and nothing of an address is in them', async () => {
  const sent: Sent[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      sent.push({ path: request.url ?? '', body });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const serving = await serveForTest({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    WAYMARK_TRACES_SHARE: '1',
    WAYMARK_PROXIES: '1',
    WAYMARK_SERVER: 'one',
  });
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  await fetch(`${serving.url}/sign-in?secret=of-a-person`, { headers });
  await fetch(`${serving.url}/ingest/waymark`, { method: 'POST' });
  await serving.end();
  await until(() => sent.some(({ path }) => path === '/v1/traces') && sent.some(({ path }) => path === '/v1/metrics'));
  receiver.close();
  const traces = sent.filter(({ path }) => path === '/v1/traces').map(({ body }) => body);
  const spans = traces.flatMap((body) =>
    JSON.parse(body).resourceSpans.flatMap((own: { scopeSpans: { spans: object[] }[] }) => own.scopeSpans[0]?.spans ?? []),
  );
  expect(spans).toContainEqual(expect.objectContaining({ name: 'GET /sign-in', traceId: trace, parentSpanId: '00f067aa0ba902b7' }));
  expect(spans).toContainEqual(expect.objectContaining({ name: 'POST /ingest/waymark' }));
  expect(traces.join()).toContain('"one"');
  const figures = sent.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body);
  expect(figures.join()).toContain('waymark_http_request_seconds');
  expect(figures.join()).toContain('waymark_fix_batches_waiting');
  expect([...traces, ...figures].join()).not.toContain('of-a-person');
});
