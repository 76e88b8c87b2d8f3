import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Host } from '../log-servers.ts';

/** A host of its own on this machine: a network namespace behind a cable that can be pulled. */
export interface CableHost extends Host {
  cut(): void;
  mend(): void;
}

export interface Hosts {
  /** The address of this machine for them. */
  here: string;
  hosts: CableHost[];
  remove(): void;
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** Hosts that reach each other and this machine, and nothing else; null where this machine lets nobody make them. */
export function makeHosts(count: number): Hosts | null {
  if (process.platform !== 'linux' || userInfo().uid !== 0) return null;
  const tag = (process.pid % 46_656).toString(36);
  const bridge = `wmb${tag}`;
  const net = `10.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}`;
  const made: string[] = [];
  const remove = () => {
    for (const name of made) run('netns', 'del', name);
    run('link', 'del', bridge);
  };
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('addr', 'add', `${net}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    const hosts = Array.from({ length: count }, (_, i): CableHost => {
      const [name, here, there] = [`wm${tag}n${i}`, `wm${tag}h${i}`, `wm${tag}t${i}`];
      ip('netns', 'add', name);
      made.push(name);
      ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there);
      ip('link', 'set', there, 'netns', name);
      ip('link', 'set', here, 'master', bridge);
      ip('link', 'set', here, 'up');
      const address = `${net}.${10 + i}`;
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', there);
      ip('-n', name, 'link', 'set', there, 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      return {
        address,
        run: ['ip', 'netns', 'exec', name],
        cut: () => void ip('link', 'set', here, 'down'),
        mend: () => void ip('link', 'set', here, 'up'),
      };
    });
    return { here: `${net}.1`, hosts, remove };
  } catch {
    remove();
    return null;
  }
}

function run(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It was not made, or is gone.
  }
}
