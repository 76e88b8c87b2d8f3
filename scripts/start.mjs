import { installIfNeeded } from './install.mjs';
import { runNode } from './run.mjs';

const began = Date.now();
installIfNeeded({ needsDev: false });
runNode(['app/src/main.ts'], { WAYMARK_STARTED_MS: String(began) });
