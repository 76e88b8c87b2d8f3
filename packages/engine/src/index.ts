export { type Columns, type ColumnType, type ColumnValues, emptyColumn } from './columns.ts';
export { duckdbDialect, type SqlDialect } from './dialect.ts';
export { type Connection, Engine, EngineBusyError, EngineDamagedError, type EngineOptions, Readers } from './engine.ts';
