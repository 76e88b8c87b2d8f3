import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { node, root } from './install.mjs';

/** Runs the pinned Node with these arguments, hands it every signal, and gives its exit code. */
export function nodeExit(args, env = {}) {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`;
  const child = spawn(node, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path, ...env } });
  const hand = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, hand);
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      for (const own of ['SIGINT', 'SIGTERM']) process.off(own, hand);
      resolve(code ?? (signal ? 1 : 0));
    });
  });
}

/** Runs the pinned Node with these arguments, and ends with its exit code. */
export function runNode(args, env = {}) {
  void nodeExit(args, env).then((code) => process.exit(code));
}
