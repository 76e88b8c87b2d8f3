import { installIfNeeded } from './install.mjs';
import { runNode } from './run.mjs';

/** `npm run freeze`: freezes the migrations that are new. Those that are frozen stay as they are. */
installIfNeeded();
runNode(['app/src/commands/freeze-migrations.ts']);
