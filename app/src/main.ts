import { EngineBusyError } from '@waymark/engine';
import { isTold } from './commands/told-errors.ts';
import { readConfig } from './config.ts';
import { serve } from './serve.ts';

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
  } else if (isTold(error)) {
    console.error(error.message);
  } else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const { port } = error as Error & { port?: number };
    console.error(
      `The port ${port ?? ''} is in use. Stop what listens there, or choose another with WAYMARK_PORT or WAYMARK_METRICS_PORT.`,
    );
  } else {
    console.error(error);
  }
  process.exit(1);
}
