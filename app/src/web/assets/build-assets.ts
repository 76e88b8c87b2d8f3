import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { build, type Plugin, stop } from 'esbuild';
import { govukFolder } from '../views.ts';

const require = createRequire(import.meta.url);
const sources = join(import.meta.dirname, '../..');
const ownStyles = join(import.meta.dirname, '../browser');
const prefix = '/assets';

export interface Asset {
  bytes: Buffer;
  type: string;
}

export interface Assets {
  /** Every file, by its address, in which stands what is in it or which version it is. */
  files: Map<string, Asset>;
  /**
   * The address of a script (`alert-news.js`, from `alert-news.browser.ts`), of a style sheet or of a picture.
   * @throws Error when there is none of that name
   */
  addressOf(name: string): string;
}

let built: Promise<Assets> | null = null;

/** Style sheets, pictures and scripts for browsers, made once in a process: every `*.browser.ts` becomes a script of its name. */
export function browserAssets(): Promise<Assets> {
  built ??= buildAssets();
  return built;
}

async function buildAssets(): Promise<Assets> {
  const files = new Map<string, Asset>();
  const addresses = new Map<string, string>();
  const add = (name: string, address: string, bytes: Buffer) => {
    if (addresses.has(name)) throw new Error(`Two files for browsers are called ${name}.`);
    addresses.set(name, address);
    files.set(address, { bytes, type: typeOf(name) });
  };
  const hashed = (name: string, bytes: Buffer) => {
    const [stem, end] = name.split(/\.(?=\w+$)/);
    add(name, `${prefix}/${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 10)}.${end}`, bytes);
  };
  const maplibre = mapLibrary();
  for (const [name, bytes] of maplibre.files) add(name, `${maplibre.folder}/${name}`, bytes);
  hashed('govuk.css', Buffer.from(govukStyles()));
  for (const name of ['waymark.css', 'pack-map.css', 'distance-plot.css', 'mark.svg']) hashed(name, readFileSync(join(ownStyles, name)));
  const { outputFiles, metafile } = await build({
    entryPoints: globSync('**/*.browser.ts', { cwd: sources }).map((path) => join(sources, path)),
    absWorkingDir: sources,
    outdir: sources,
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    target: 'es2022',
    entryNames: '[name]-[hash]',
    chunkNames: 'shared-[hash]',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [maplibre.plugin],
  });
  // The builder is a program of its own, which would wait for more.
  await stop();
  for (const { path, contents } of outputFiles) {
    const address = `${prefix}/${basename(path)}`;
    const entry = metafile.outputs[basename(path)]?.entryPoint;
    add(entry ? basename(entry).replace('.browser.ts', '.js') : basename(path), address, Buffer.from(contents));
  }
  return {
    files,
    addressOf: (name) => {
      const address = addresses.get(name);
      if (!address) throw new Error(`There is no ${name} for browsers; there are ${[...addresses.keys()].join(', ')}.`);
      return address;
    },
  };
}

/** The map library as it is published, at an address with its version; its worker is found beside it. */
function mapLibrary(): { folder: string; files: [string, Buffer][]; plugin: Plugin } {
  const root = dirname(require.resolve('maplibre-gl/package.json'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = `${prefix}/maplibre-${version}`;
  const names = ['maplibre-gl.mjs', 'maplibre-gl-worker.mjs', 'maplibre-gl-shared.mjs', 'maplibre-gl.css'];
  return {
    folder,
    files: names.map((name) => [name, readFileSync(join(root, 'dist', name))]),
    plugin: {
      name: 'maplibre',
      setup: (own) => {
        own.onResolve({ filter: /^maplibre-gl$/ }, () => ({ path: `${folder}/maplibre-gl.mjs`, external: true }));
      },
    },
  };
}

/** The GDS typeface and the crown belong to government services; neither is served. */
function govukStyles(): string {
  return readFileSync(join(govukFolder, 'govuk/govuk-frontend.min.css'), 'utf8')
    .replace(/@font-face\{[^}]*\}/g, '')
    .replace(/"?GDS Transport"?,/g, '')
    .replace(/\/\*# sourceMappingURL=.*?\*\//g, '');
}

function typeOf(name: string): string {
  if (name.endsWith('.css')) return 'text/css; charset=utf-8';
  return name.endsWith('.svg') ? 'image/svg+xml' : 'text/javascript; charset=utf-8';
}
