import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { Config } from '../src/config.ts';
import { serveForTest } from './serve-for-test.ts';

const root = join(import.meta.dirname, '../..');
const text = (file: string) => readFileSync(join(root, 'deploy', file), 'utf8');
const known = new Set(Object.keys(Config.properties));

/** The chart with some values, as `helm template` gives it; where it is not installed these tests are skipped. */
const helm = (values: string) =>
  spawnSync('helm', ['template', 'w', join(root, 'deploy/helm/waymark'), '--set', values], { encoding: 'utf8' });
const hasHelm = helm('replicas=1').error === undefined;
if (!hasHelm) console.info('The chart is not rendered: helm is not installed here.');

interface Rendered {
  kind: string;
  spec: {
    replicas: number;
    template: { spec: { containers: { env: { name: string; value?: string }[]; volumeMounts: { name: string }[] }[] } };
  };
}
function serverOf(values: string) {
  const { stdout, stderr } = helm(values);
  expect(stderr).toBe('');
  const all = parseAllDocuments(stdout).map((document) => document.toJS() as Rendered);
  const server = all.find(({ kind }) => kind === 'StatefulSet') as Rendered;
  const [container] = server.spec.template.spec.containers;
  return {
    kinds: all.map(({ kind }) => kind),
    replicas: server.spec.replicas,
    env: Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value ?? 'of the pod'])),
    mounts: container?.volumeMounts.map(({ name }) => name),
  };
}

describe('what operators deploy with', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let figures: string;
  beforeAll(async () => {
    serving = await serveForTest({ WAYMARK_METRICS_PORT: '0' });
    figures = `http://127.0.0.1:${serving.server.figuresPort()}`;
  });
  afterAll(() => serving.end());

  test('figures, life and readiness are on the port of their own, and figures there alone', async () => {
    for (const path of ['/metrics', '/livez', '/readyz', '/version']) expect((await fetch(figures + path)).status).toBe(200);
    expect((await fetch(`${serving.url}/metrics`)).status).toBe(404);
    for (const path of ['/livez', '/readyz']) expect((await fetch(serving.url + path)).status).toBe(200);
    expect(await (await fetch(`${serving.url}/version`)).json()).toEqual({
      version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    });
    expect((await fetch(`${figures}/sign-in`)).status).toBe(404);
  });

  test('every figure that the dashboard and the rules ask for is given', async () => {
    const given = await (await fetch(`${figures}/metrics`)).text();
    const names = new Set(
      [...given.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
      ),
    );
    const asked = [
      ...text('grafana/waymark.json').matchAll(/waymark_[a-z0-9_]+/g),
      ...text('prometheus/alerts.yml').matchAll(/waymark_[a-z0-9_]+/g),
    ];
    expect(asked.length).toBeGreaterThan(15);
    expect([...new Set(asked.map(([name]) => name))].filter((name) => !names.has(name))).toEqual([]);
  });

  test('every rule has its place in the runbook', () => {
    const rules = [...text('prometheus/alerts.yml').matchAll(/alert: (\w+)/g)].map(([, name]) => name as string);
    const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');
    expect(rules.length).toBeGreaterThan(5);
    expect(rules.filter((name) => !runbook.includes(`## ${name}`))).toEqual([]);
  });

  test('every setting that a file names is one, and every file it points to is there', () => {
    const files = [
      'Dockerfile',
      'compose.yaml',
      'compose.cluster.yaml',
      'helm/waymark/values.yaml',
      'systemd/waymark.service',
      'systemd/waymark-backup.service',
    ];
    const named = files.flatMap((file) =>
      [...text(file).matchAll(/\b(WAYMARK_[A-Z_]+|DATABASE_URL|NATS_[A-Z]+|OIDC_[A-Z_]+)\b/g)].map(([name]) => name),
    );
    // Given to the command, not to the server; and a family of which compose.yaml names the beginning.
    const others = new Set(['WAYMARK_BACKUP_DATABASE_URL', 'OIDC_']);
    expect(named.length).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !known.has(name) && !others.has(name))).toEqual([]);
    expect(existsSync(join(root, 'app/bin/waymark.js'))).toBe(true);
    for (const file of ['Dockerfile', 'systemd/waymark.service', 'systemd/waymark-backup.service'])
      expect(text(file)).toContain('app/bin/waymark.js');
  });

  test.skipIf(!hasHelm)('the chart gives one server by itself, several where they share a volume, and says what is missing', () => {
    expect(serverOf('replicas=1')).toEqual({
      kinds: ['ConfigMap', 'Service', 'StatefulSet'],
      replicas: 1,
      env: { WAYMARK_MQTT_PORT: '1883' },
      mounts: ['data', 'tmp'],
    });
    const several = serverOf('replicas=3,shared.claimName=both,mqtt.port=8883,mqtt.tlsSecretName=tags');
    expect(several).toMatchObject({ replicas: 3, mounts: ['data', 'tmp', 'shared', 'mqtt-tls'] });
    expect(several.kinds).toContain('PodDisruptionBudget');
    expect(several.env).toMatchObject({
      WAYMARK_SHARED: '/shared',
      WAYMARK_SERVER: 'of the pod',
      WAYMARK_MQTT_TLS_KEY: '/mqtt-tls/tls.key',
    });
    expect(Object.keys(several.env).filter((name) => !known.has(name))).toEqual([]);
    expect(helm('replicas=2').stderr).toContain('shared.claimName');
    expect(helm('shared.claimName=both').stderr).toContain('leave it empty');
  });

  test('what is YAML reads as such, with what each kind must have', () => {
    const compose = parseAllDocuments(text('compose.yaml'))[0]?.toJS() as { services: Record<string, { build?: { dockerfile: string } }> };
    expect(existsSync(join(root, compose.services.waymark?.build?.dockerfile ?? '-'))).toBe(true);
    const cluster = parseAllDocuments(text('compose.cluster.yaml'), { merge: true })[0]?.toJS() as {
      services: Record<string, { build?: { dockerfile: string }; command?: string[]; volumes: string[] }>;
      volumes: Record<string, unknown>;
    };
    for (const name of ['waymark-1', 'waymark-2']) expect(cluster.services[name]?.build?.dockerfile).toBe('deploy/Dockerfile');
    const mounted = Object.values(cluster.services).flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0] as string));
    expect(
      mounted.filter((from) => (from.startsWith('./') ? !existsSync(join(root, 'deploy', from)) : !(from in cluster.volumes))),
    ).toEqual([]);
    const rules = parseAllDocuments(text('prometheus/alerts.yml'))[0]?.toJS() as {
      groups: { rules: { expr: string; annotations: { summary: string } }[] }[];
    };
    for (const { expr, annotations } of rules.groups.flatMap((group) => group.rules))
      expect([expr.length > 5, annotations.summary.length > 20]).toEqual([true, true]);
    const chart = parseAllDocuments(text('helm/waymark/Chart.yaml'))[0]?.toJS() as { version: string; appVersion: string };
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(chart).toMatchObject({ version, appVersion: version });
    expect(readdirSync(join(root, 'deploy/helm/waymark/templates')).length).toBeGreaterThan(1);
  });
});
