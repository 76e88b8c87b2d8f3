import type { ColumnMetadata, TableMetadata } from 'kysely';
import { openDatabase } from '../platform/database.ts';
import { migrate } from '../platform/migrate.ts';

/** Which file describes which tables to the compiler; the first that fits has it. */
const rooms: { file: string; columns: string; has: (table: string) => boolean }[] = [
  { file: 'platform/generated-tables.ts', columns: './columns.ts', has: (table) => /^platform\.|^oversight\.audit_/.test(table) },
  ...['oversight', 'supervision', 'support'].map((room) => ({
    file: `${room}/schema/generated-tables.ts`,
    columns: '../../platform/columns.ts',
    has: (table: string) => table.startsWith(`${room}.`),
  })),
];

const types: Record<string, string> = {
  bytea: 'Uint8Array',
  text: 'string',
  uuid: 'string',
  bool: 'boolean',
  int4: 'number',
  int8: 'number',
  float4: 'number',
  float8: 'number',
  timestamptz: 'Date',
  date: 'Day',
  numeric: 'Numeric',
  jsonb: 'Json<unknown>',
};

/** The tables as the migrations leave them, as TypeScript: the text of each file, by its path under `app/src`. */
export async function describeTables(): Promise<Map<string, string>> {
  const database = await openDatabase({ folder: 'memory://' });
  try {
    await migrate(database.db);
    const tables = await database.db.introspection.getTables();
    const named = new Map(tables.map((table) => [`${table.schema}.${table.name}`, table]));
    const left = new Set([...named.keys()].filter((name) => !/^(public|jobs)\./.test(name)).sort());
    const files = new Map<string, string>();
    for (const { file, columns, has } of rooms) {
      const own = [...left].filter(has);
      for (const name of own) left.delete(name);
      files.set(
        file,
        fileText(
          own.map((name) => [name, named.get(name) as TableMetadata]),
          columns,
        ),
      );
    }
    if (left.size > 0) throw new Error(`No file describes ${[...left].join(', ')}.`);
    return files;
  } finally {
    await database.close();
  }
}

function fileText(tables: [string, TableMetadata][], columnTypes: string): string {
  const body = tables
    .map(([name, { columns }]) => `  '${name}': {\n${columns.map((own) => `    ${own.name}: ${typeOf(name, own)};\n`).join('')}  };\n`)
    .join('');
  const used = ['Day', 'Json', 'Numeric'].filter((type) => new RegExp(`\\b${type}\\b`).test(body));
  return [
    '// Written by `npm run tables` from what the migrations make. What a column holds more exactly stands where its tables are declared.\n',
    ...(body.includes('Generated<') ? ["import type { Generated } from 'kysely';\n"] : []),
    ...(used.length > 0 ? [`import type { ${used.join(', ')} } from '${columnTypes}';\n`] : []),
    `\nexport interface GeneratedTables {\n${body}}\n`,
  ].join('');
}

function typeOf(table: string, { name, dataType, isNullable, hasDefaultValue, isAutoIncrementing }: ColumnMetadata): string {
  const type = types[dataType];
  if (!type) throw new Error(`${table}.${name} is of the type ${dataType}, for which there is no TypeScript yet.`);
  const whole = isNullable ? `${type} | null` : type;
  return isAutoIncrementing || (hasDefaultValue && !isNullable) ? `Generated<${whole}>` : whole;
}
