import { installIfNeeded } from './install.mjs';
import { runNode } from './run.mjs';

/** `npm run dev`: the server with the fictional town, started again whenever its source changes. */
installIfNeeded();
runNode(['--watch', '--watch-preserve-output', 'app/src/main.ts'], { NODE_ENV: 'development' });
