import type { Command as CommandLine } from 'commander';
import { roles } from '../platform/access.ts';
import { issueApiToken } from '../platform/api-tokens.ts';
import { tokenScopes } from '../platform/token-scopes.ts';
import { declareGateway, issueTagCredential } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor } from './command.ts';
import { print, run, withData } from './terminal.ts';

export const credentialCommand = {
  name: 'credential',
  async run(waymark: Waymark, args: { kind: 'tag' | 'gateway' | 'token'; name: string; role?: string; scope?: string[]; days?: string }) {
    const actor = consoleActor('administration');
    const { performer } = waymark;
    return args.kind === 'gateway'
      ? await performer.perform(actor, declareGateway, null, { name: String(args.name) })
      : args.kind === 'tag'
        ? await performer.perform(actor, issueTagCredential, null, { serial: String(args.name) })
        : await performer.perform(actor, issueApiToken, null, {
            name: String(args.name),
            role: String(args.role ?? ''),
            scopes: args.scope,
            days: args.days === undefined ? undefined : Number(args.days),
          });
  },
};

/** `waymark credential` */
export function defineCredential(program: CommandLine): void {
  const credential = program.command('credential').description('make secrets for tags, gateways and programs; each is shown once');
  for (const [kind, what] of [
    ['tag', 'serial number of the tag'],
    ['gateway', 'name of the gateway'],
    ['token', 'name of the program'],
  ] as const) {
    const command = withData(
      credential
        .command(kind)
        .argument('<name>', what)
        .description(`make a secret for a ${kind === 'token' ? 'program' : kind}`),
    );
    if (kind === 'token')
      command
        .requiredOption('--role <role>', roles.join(', '))
        .option('--scope <scope...>', `what it is for, and no more: ${Object.keys(tokenScopes).join('; ')}`)
        .option('--days <days>', 'after how many days it ends by itself; 365 when missing');
    command.action(async (name: string, options) => {
      const result = await run(credentialCommand, options, { kind, name, role: options.role, scope: options.scope, days: options.days });
      await print(options.json ? `${JSON.stringify(result)}\n` : `${'secret' in result ? result.secret : result.token}\n`);
    });
  }
}
