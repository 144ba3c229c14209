import { packageVersion } from '../platform/package-version.ts';
import { helpText, parseCommandLine, usageText } from './command-line.ts';
import type { TapHost } from './tap-host.ts';

/**
 * The process that this module runs in. Its stdout is not touched before something is printed: Node makes the pipe behind
 * it non-blocking then, also for everybody who shares it.
 */
export function tapHost(name: string, argv: readonly string[]): TapHost {
  const stdout = { write: (text: string) => process.stdout.write(text) };
  // Who reads the log may leave early. The messages are for somebody else.
  process.stderr.on('error', () => {});
  return { name, argv, stdout, messagesFd: 1, stderr: process.stderr, signals: process };
}

/**
 * Runs the tap and resolves to its exit code; never rejects. What reads and writes is loaded behind the help, which other
 * programs ask for often.
 */
export async function main(host: TapHost): Promise<number> {
  const command = parseCommandLine(host.argv);
  switch (command.kind) {
    case 'help':
      host.stdout.write(helpText(host.name));
      return 0;
    case 'version':
      host.stdout.write(`${host.name} ${await packageVersion()}\n`);
      return 0;
    case 'wrong':
      host.stderr.write(`${usageText(host.name)}\n${host.name}: ${command.reason}\n`);
      return 2;
    default: {
      const { runTap } = await import('./run-tap.ts');
      return await runTap(command, host);
    }
  }
}
