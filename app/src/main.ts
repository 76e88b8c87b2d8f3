import { EngineBusyError, EngineDamagedError } from '@waymark/engine';
import { ConfigError, readConfig } from './config.ts';
import { UnsafeLoginError } from './platform/database.ts';
import { InstallationError } from './platform/installation.ts';
import { MigrationError } from './platform/migrate.ts';
import { serve } from './serve.ts';
import { BrokerError } from './supervision/index.ts';

/** Errors whose words say what is wrong and what to do. */
const toldInWords = [BrokerError, ConfigError, UnsafeLoginError, InstallationError, MigrationError, EngineDamagedError];
const isToldInWords = (error: unknown): error is Error => toldInWords.some((kind) => error instanceof kind);

/** `npm start`: serves Waymark until it is told to stop. */
const began = Number(process.env.WAYMARK_STARTED_MS) || Date.now();
try {
  const config = readConfig();
  const serving = await serve(config, (text) => console.error(text));
  console.error(`Waymark is ready at ${serving.url} after ${((Date.now() - began) / 1000).toFixed(1)} s. Stop it with Ctrl+C.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void serving.stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
} catch (error) {
  if (error instanceof EngineBusyError) {
    console.error(`${error.message}. Stop the Waymark that is running there, or choose another folder with WAYMARK_DATA.`);
  } else if (isToldInWords(error)) {
    console.error(error.message);
  } else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error('The port is in use. Stop what listens there, or choose another with WAYMARK_PORT.');
  } else {
    console.error(error);
  }
  process.exit(1);
}
