import { sql } from 'kysely';

/** SQL that is true of an audit entry by which somebody looked, or took something out, and changed nothing. */
export const isLooking = sql<boolean>`(action LIKE '%.read' OR action LIKE '%.look' OR action LIKE '%.export' OR action IN ('statement.write', 'zone.list', 'document.list', 'document.open', 'letter.draft'))`;
