import { DatabaseSync } from 'node:sqlite';
import { stringify } from 'csv-stringify/sync';
import { harmlessCell } from '../../platform/csv-cell.ts';
import type { TakenFix, TakenTrack, TrackFormat } from './take-track.ts';

export const mediaTypes: Record<TrackFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  gpx: 'application/gpx+xml; charset=utf-8',
  kml: 'application/vnd.google-earth.kml+xml; charset=utf-8',
  gpkg: 'application/geopackage+sqlite3',
};

/** A track as a file. Points alone in every one: between two of them nothing was observed, and no line is drawn. */
export function writeTrack(track: TakenTrack, format: TrackFormat): Buffer {
  switch (format) {
    case 'csv':
      return Buffer.from(asCsv(track));
    case 'gpx':
      return Buffer.from(asGpx(track));
    case 'kml':
      return Buffer.from(asKml(track));
    default:
      return asGeoPackage(track);
  }
}

const iso = (ms: number) => new Date(ms).toISOString();
/** Text in XML 1.0: what it cannot hold is left out. */
const xml = (text: string) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

function asCsv({ subject, fixes, marking }: TakenTrack): string {
  return stringify(
    fixes.map(({ tag, at, receivedAt, lat, lon, accuracyM, method }) =>
      [subject.reference, tag, iso(at), iso(receivedAt), lat, lon, accuracyM ?? '', method, marking].map((cell) =>
        typeof cell === 'string' ? harmlessCell(cell) : cell,
      ),
    ),
    { header: true, columns: ['subject', 'tag', 'at', 'received_at', 'latitude', 'longitude', 'accuracy_m', 'method', 'marking'] },
  );
}

/** GPX 1.1: way points with their times. */
function asGpx({ subject, fixes, marking, from, to }: TakenTrack): string {
  const points = fixes.map(
    ({ tag, at, lat, lon, accuracyM, method }) =>
      `<wpt lat="${lat}" lon="${lon}"><time>${iso(at)}</time><name>${iso(at)}</name><cmt>${xml(`tag ${tag}, ${told(accuracyM)}, ${method}`)}</cmt></wpt>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Waymark" xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>${xml(`${subject.reference}, ${from} to ${to}`)}</name><desc>${xml(marking)}</desc></metadata>
${points.join('\n')}
</gpx>
`;
}

function asKml({ subject, fixes, marking, from, to }: TakenTrack): string {
  const points = fixes.map(
    ({ tag, at, receivedAt, lat, lon, accuracyM, method }) =>
      `<Placemark><TimeStamp><when>${iso(at)}</when></TimeStamp><ExtendedData><Data name="tag"><value>${xml(tag)}</value></Data><Data name="received"><value>${iso(receivedAt)}</value></Data><Data name="accuracy_m"><value>${accuracyM ?? ''}</value></Data><Data name="method"><value>${xml(method)}</value></Data></ExtendedData><Point><coordinates>${lon},${lat}</coordinates></Point></Placemark>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>${xml(`${subject.reference}, ${from} to ${to}`)}</name><description>${xml(marking)}</description>
${points.join('\n')}
</Document></kml>
`;
}

const told = (accuracyM: number | null) => (accuracyM === null ? 'accuracy not reported' : `accuracy ${accuracyM} m`);

/** OGC GeoPackage 1.3 (12-128r18): one layer of points in WGS 84. */
function asGeoPackage({ subject, fixes, marking, from, to }: TakenTrack): Buffer {
  const db = new DatabaseSync(':memory:');
  try {
    db.exec(`PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;
      CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
      CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
        last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
        srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
      CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
        z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
        CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
        CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
      CREATE TABLE positions (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, subject TEXT, tag TEXT, at DATETIME, received_at DATETIME,
        accuracy_m DOUBLE, method TEXT);`);
    const system = db.prepare('INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)');
    system.run('Undefined Cartesian', -1, 'NONE', -1, 'undefined', null);
    system.run('Undefined geographic', 0, 'NONE', 0, 'undefined', null);
    system.run('WGS 84', 4326, 'EPSG', 4326, wgs84, 'longitude and latitude in degrees');
    const box = (values: number[]): [number | null, number | null] =>
      values.length === 0
        ? [null, null]
        : [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
    const [west, east] = box(fixes.map(({ lon }) => lon));
    const [south, north] = box(fixes.map(({ lat }) => lat));
    db.prepare(
      'INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 4326)',
    ).run('positions', 'features', `${subject.reference}, ${from} to ${to}`, marking, west, south, east, north);
    db.prepare("INSERT INTO gpkg_geometry_columns VALUES ('positions', 'geom', 'POINT', 4326, 0, 0)").run();
    const insert = db.prepare(
      'INSERT INTO positions (geom, subject, tag, at, received_at, accuracy_m, method) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    db.exec('BEGIN');
    for (const fix of fixes)
      insert.run(pointOf(fix), subject.reference, fix.tag, iso(fix.at), iso(fix.receivedAt), fix.accuracyM, fix.method);
    db.exec('COMMIT');
    return Buffer.from(db.serialize());
  } finally {
    db.close();
  }
}

/** A point in the binary form of a GeoPackage: its header without an envelope, then well-known binary, both little-endian. */
function pointOf({ lon, lat }: TakenFix): Uint8Array {
  const bytes = Buffer.alloc(8 + 21);
  bytes.write('GP', 0, 'latin1');
  bytes.writeUInt8(0, 2);
  bytes.writeUInt8(1, 3);
  bytes.writeInt32LE(4326, 4);
  bytes.writeUInt8(1, 8);
  bytes.writeUInt32LE(1, 9);
  bytes.writeDoubleLE(lon, 13);
  bytes.writeDoubleLE(lat, 21);
  return bytes;
}

const wgs84 =
  'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]';
